import { type RequestHandler, Router } from "express";
import type { ExportDownloads } from "../../exports/jobs/export-downloads.js";
import type { Authentication } from "./authentication.js";
import { beginImmutableFile } from "./immutable-file.js";

const RANGE_NOT_SATISFIABLE = 416;

/** An error of Express while it sends a file. */
interface SendError extends Error {
  readonly status?: number;
}

/** Returns the path of the file of an export. */
export function exportPath(exportId: string, fileName: string): string {
  return `/exports/${encodeURIComponent(exportId)}/${encodeURIComponent(fileName)}`;
}

/** `GET /exports/:id/:name` returns the file of an export, or a range of it. */
export function exportRoute(downloads: ExportDownloads, authentication: Authentication): Router {
  return Router().get("/exports/:id/:name", authentication.require("VIEWER"), download(downloads));
}

function download(downloads: ExportDownloads): RequestHandler<{ id: string; name: string }> {
  return async (request, response) => {
    const { id, name } = request.params;
    const { folder, fileName, sizeBytes, sha256 } = await downloads.open(id, name);
    const offered = { fileName, contentType: "application/octet-stream", sha256 };
    if (beginImmutableFile(request, response, offered)) return;
    // The home folder may begin with a dot. The ETag is the digest already.
    const options = {
      root: folder,
      dotfiles: "allow",
      etag: false,
      lastModified: false,
      cacheControl: false,
    } as const;
    const error = await new Promise<SendError | undefined>((resolve) => {
      response.sendFile(fileName, options, resolve);
    });
    // A client that closes the connection is no error.
    if (error === undefined || response.headersSent) return;
    if (error.status !== RANGE_NOT_SATISFIABLE) throw error;
    response.status(RANGE_NOT_SATISFIABLE).set("Content-Range", `bytes */${sizeBytes}`).end();
  };
}

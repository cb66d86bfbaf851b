import { type RequestHandler, Router } from "express";
import type { ExportDownloads } from "../../exports/jobs/export-downloads.js";
import type { Authentication } from "./authentication.js";
import { reprDigest } from "./send-content.js";

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
    const { folder, fileName, sha256 } = await downloads.open(id, name);
    response.attachment(fileName);
    response.set({
      "Content-Type": "application/octet-stream",
      "Repr-Digest": reprDigest(sha256),
      ETag: `"${sha256}"`,
      // An export never changes. Shared caches may not keep it: it needs a token.
      "Cache-Control": "private, max-age=86400, immutable",
      Vary: "Authorization",
    });
    await new Promise<void>((resolve, reject) => {
      // The home folder may begin with a dot. The ETag above is the digest.
      const options = {
        root: folder,
        dotfiles: "allow",
        etag: false,
        lastModified: false,
        cacheControl: false,
      } as const;
      response.sendFile(fileName, options, (error?: NodeJS.ErrnoException) => {
        // A client that closes the connection is no error.
        if (error === undefined || response.headersSent) resolve();
        else reject(error);
      });
    });
  };
}

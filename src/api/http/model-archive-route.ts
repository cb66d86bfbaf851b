import { type RequestHandler, Router } from "express";
import type { ModelArchives } from "../../registry/model-archive.js";
import type { Authentication } from "./authentication.js";
import { beginImmutableFile } from "./immutable-file.js";
import { sendContent } from "./send-content.js";

/** Returns the path of the archive of a model version. */
export function modelArchivePath(versionId: string): string {
  return `/model-versions/${encodeURIComponent(versionId)}/archive`;
}

/** `GET /model-versions/:id/archive` returns the files of a model version as one tar. */
export function modelArchiveRoute(archives: ModelArchives, authentication: Authentication): Router {
  return Router().get("/model-versions/:id/archive", authentication.require("VIEWER"), download(archives));
}

function download(archives: ModelArchives): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { fileName, sizeBytes, sha256, content } = await archives.open(request.params.id);
    const offered = { fileName, contentType: "application/x-tar", sha256 };
    if (beginImmutableFile(request, response, offered)) return;
    response.set("Content-Length", String(sizeBytes));
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    await sendContent(content(), response);
  };
}

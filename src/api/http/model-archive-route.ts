import { type RequestHandler, Router } from "express";
import type { ModelArchives } from "../../registry/model-archive.js";
import type { Authentication } from "./authentication.js";
import { hasEntityTag } from "./entity-tag.js";
import { reprDigest, sendContent } from "./send-content.js";

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
    const etag = `"${sha256}"`;
    response.attachment(fileName);
    response.set({
      "Content-Type": "application/x-tar",
      "Content-Length": String(sizeBytes),
      "Repr-Digest": reprDigest(sha256),
      ETag: etag,
      // A version never changes. Shared caches may not keep it: it needs a token.
      "Cache-Control": "private, max-age=86400, immutable",
      Vary: "Authorization",
    });
    if (hasEntityTag(request.get("If-None-Match"), etag)) {
      response.removeHeader("Content-Length");
      response.status(304).end();
      return;
    }
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    await sendContent(content(), response);
  };
}

import { type RequestHandler, Router } from "express";
import type { Artifacts } from "../../training/record/artifacts.js";
import type { Authentication } from "./authentication.js";
import { reprDigest, sendContent } from "./send-content.js";

/** Returns the path of an artifact's file. */
export function artifactPath(runId: string, name: string): string {
  return `/artifacts/${encodeURIComponent(runId)}/${encodeURIComponent(name)}`;
}

/** `GET /artifacts/:runId/:name` returns an artifact of a run. */
export function artifactRoute(artifacts: Artifacts, authentication: Authentication): Router {
  return Router().get("/artifacts/:runId/:name", authentication.require("VIEWER"), download(artifacts));
}

function download(artifacts: Artifacts): RequestHandler<{ runId: string; name: string }> {
  return async (request, response) => {
    const { runId, name } = request.params;
    const { file, sizeBytes, sha256 } = await artifacts.open(runId, name);
    response.attachment(name);
    response.set({
      "Content-Type": "application/octet-stream",
      "Content-Length": String(sizeBytes),
      "Repr-Digest": reprDigest(sha256),
      // The artifacts of an active run are replaced by newer ones.
      "Cache-Control": "private, no-cache",
      Vary: "Authorization",
    });
    await sendContent(file.createReadStream({ start: 0, end: sizeBytes - 1 }), response);
  };
}

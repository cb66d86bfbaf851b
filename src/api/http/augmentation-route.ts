import { type RequestHandler, Router } from "express";
import type { AugmentationPreview } from "../../training/augmentation/preview.js";
import { parsePreview } from "../samples/augmentation-preview-path.js";
import type { Authentication } from "./authentication.js";

/** `GET /augmentations/:sampleId?…` returns a sample as training sees it; see `augmentationPreview`. */
export function augmentationRoute(preview: AugmentationPreview, authentication: Authentication): Router {
  return Router().get("/augmentations/:sampleId", authentication.require("VIEWER"), render(preview));
}

function render(preview: AugmentationPreview): RequestHandler<{ sampleId: string }> {
  return async (request, response) => {
    const image = await preview.render(parsePreview(request.params.sampleId, request.query));
    // The URL determines the image, but only for one version of this server.
    response.set({ "Cache-Control": "private, max-age=3600", Vary: "Authorization" });
    response.type("image/png").send(Buffer.from(image));
  };
}

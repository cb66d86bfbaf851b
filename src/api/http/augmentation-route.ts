import { type RequestHandler, Router } from "express";
import type { AugmentationPreview } from "../../training/augmentation/preview.js";
import { parsePreview } from "../samples/augmentation-preview-path.js";
import type { Authentication } from "./authentication.js";

/** `GET /augmentations/:sampleId?…`: a sample as training would see it; see `augmentationPreview`. */
export function augmentationRoute(preview: AugmentationPreview, authentication: Authentication): Router {
  return Router().get("/augmentations/:sampleId", authentication.require("VIEWER"), render(preview));
}

function render(preview: AugmentationPreview): RequestHandler<{ sampleId: string }> {
  return async (request, response) => {
    const picture = await preview.render(parsePreview(request.params.sampleId, request.query));
    // Its address decides all of it; another version of this server may draw otherwise.
    response.set({ "Cache-Control": "private, max-age=3600", Vary: "Authorization" });
    response.type("image/png").send(Buffer.from(picture));
  };
}

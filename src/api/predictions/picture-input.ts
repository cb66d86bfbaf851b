import type { PictureInput } from "../../serving/picture-source.js";
import type { ImageInput } from "./mutations/classify.js";

/** The picture that a client chose; GraphQL has made sure that it is exactly one (`@oneOf`). */
export function pictureInput({ base64, uploadId, sampleId }: ImageInput): PictureInput {
  if (base64 !== undefined) return { base64 };
  if (uploadId !== undefined) return { uploadId };
  if (sampleId !== undefined) return { sampleId };
  throw new Error("ImageInput is @oneOf, yet none of its fields is set.");
}

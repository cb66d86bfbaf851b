import type { RequestHandler } from "express";
import { AppError } from "../../core/app-error.js";
import { isStorableText } from "../../lang/text/storable-text.js";

/** Refuses paths that are not percent-encoded text, and text that no id has, such as `%00`. */
export const pathCheck: RequestHandler = (request, _response, next) => {
  const path = decoded(request.path);
  if (path === null || !isStorableText(path)) {
    throw new AppError(
      "BAD_REQUEST",
      `The path of a request must be percent-encoded UTF-8 without NUL (%00). Received ${request.path}.`,
    );
  }
  next();
};

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

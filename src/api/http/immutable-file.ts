import type { Request, Response } from "express";
import { hasEntityTag } from "./entity-tag.js";
import { reprDigest } from "./send-content.js";

/** A file that never changes. */
export interface ImmutableFile {
  readonly fileName: string;
  readonly contentType: string;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * Sets the headers of a download, and answers 304 to a client that has the file.
 *
 * @returns whether the response is complete
 */
export function beginImmutableFile(
  request: Request,
  response: Response,
  { fileName, contentType, sha256 }: ImmutableFile,
): boolean {
  const etag = `"${sha256}"`;
  response.attachment(fileName);
  response.set({
    "Content-Type": contentType,
    "Repr-Digest": reprDigest(sha256),
    ETag: etag,
    // Shared caches may not keep it: it needs a token.
    "Cache-Control": "private, max-age=86400, immutable",
    Vary: "Authorization",
  });
  if (!hasEntityTag(request.get("If-None-Match"), etag)) return false;
  response.status(304).end();
  return true;
}

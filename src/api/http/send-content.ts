import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";
import { hasSystemCode } from "../../lang/system-errors.js";

/** Sends a download. It ends early, without an error, when the client closes the connection. */
export async function sendContent(content: Readable, response: Response): Promise<void> {
  try {
    await pipeline(content, response);
  } catch (error) {
    // This code means that the client has closed the connection.
    if (!hasSystemCode(error, "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  }
}

/** Returns the value of `Repr-Digest` (RFC 9530) for a file with this hexadecimal SHA-256. */
export function reprDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}

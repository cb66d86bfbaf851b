import type { RequestHandler } from "express";
import { sendError } from "./json-errors.js";

/**
 * Responds with 504 when a request, including its body, takes too long. Its work continues, so a mutation may still take
 * effect; repeating it with the same `idempotencyKey` returns its result.
 */
export function requestTimeout(timeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    const timer = setTimeout(() => {
      if (response.headersSent) return;
      response.set("Connection", "close");
      sendError(
        response,
        "TIMEOUT",
        `There was no answer within ${timeoutMs / 1000} seconds. A mutation may still take effect: repeat it ` +
          "with the same idempotencyKey to see.",
      );
    }, timeoutMs);
    response.once("close", () => clearTimeout(timer));
    next();
  };
}

import type { RequestHandler } from "express";
import { sendError } from "./json-errors.js";

/**
 * Answers with 504 when a request has no answer after a while, body included. What it started goes on,
 * so a mutation may still happen; repeating it with the same `idempotencyKey` tells.
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

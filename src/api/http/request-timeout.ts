import type { RequestHandler } from "express";
import { sendErrors } from "./json-errors.js";

/**
 * Answers with 504 when a request has no answer after a while, body included. What it started goes on,
 * so a mutation may still happen; repeating it with the same `idempotencyKey` tells.
 */
export function requestTimeout(timeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    const timer = setTimeout(() => {
      if (response.headersSent) return;
      response.set("Connection", "close");
      sendErrors(response, 504, {
        message:
          `There was no answer within ${timeoutMs / 1000} seconds. A mutation may still take effect: repeat it ` +
          "with the same idempotencyKey to see.",
        extensions: { code: "TIMEOUT" },
      });
    }, timeoutMs);
    response.once("close", () => clearTimeout(timer));
    next();
  };
}

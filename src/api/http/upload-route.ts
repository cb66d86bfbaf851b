import { type RequestHandler, Router } from "express";
import { AppError } from "../../core/app-error.js";
import type { Uploads } from "../../data/imports/uploads.js";
import type { Authentication } from "./authentication.js";
import { sendAppError } from "./json-errors.js";

/** Time for which a refused client may continue to send before the connection is closed, so that it reads the error. */
const LINGER_MS = 1_000;

/** `PUT /uploads/:id` streams the raw bytes of a file to disk and responds with its size and digest. */
export function uploadRoute(uploads: Uploads, authentication: Authentication): Router {
  return Router().put("/uploads/:id", authentication.require("EDITOR"), receive(uploads));
}

function receive(uploads: Uploads): RequestHandler<{ id: string }> {
  return async (request, response) => {
    try {
      // A refusal in the middle of the bytes needs the connection for its response.
      const body = request.iterator({ destroyOnReturn: false });
      response.json(await uploads.receive(request.params.id, body));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      response.set("Connection", "close");
      sendAppError(response, error);
      request.resume();
      setTimeout(() => request.destroy(), LINGER_MS).unref();
    }
  };
}

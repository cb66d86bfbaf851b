import type { ErrorRequestHandler, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import { AppError, type ErrorCode } from "../../core/app-error.js";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";

/** Statuses of the AppErrors that routes beside /graphql answer with; all others are 400. */
const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  UPLOAD_NOT_FOUND: 404,
  UPLOAD_EXPIRED: 410,
  UPLOAD_ALREADY_COMPLETE: 409,
  UPLOAD_IN_PROGRESS: 409,
  UPLOAD_TOO_LARGE: 413,
  UPLOAD_MISMATCH: 422,
  SAMPLE_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  PLAYGROUND_NOT_BUILT: 503,
};

/** What body-parser says of a body it could not read. */
const BODY_ERRORS: Record<string, { readonly code: ErrorCode; readonly message: string }> = {
  "entity.parse.failed": {
    code: "JSON_INVALID",
    message: "The body must be JSON and could not be read as such.",
  },
  "entity.too.large": { code: "BODY_TOO_LARGE", message: "The body is larger than this server accepts." },
  "encoding.unsupported": {
    code: "CONTENT_TYPE_UNSUPPORTED",
    message: "The body's Content-Encoding is not known here.",
  },
  "charset.unsupported": { code: "CONTENT_TYPE_UNSUPPORTED", message: "The body must be UTF-8." },
};

/** All routes answer errors as GraphQL does, so that a client needs one way to read them. */
export function sendErrors(response: Response, status: number, ...errors: GraphQLFormattedError[]): void {
  response.status(status).json({ errors });
}

export function sendAppError(response: Response, error: AppError): void {
  sendErrors(response, STATUS_BY_CODE[error.code] ?? 400, {
    message: error.message,
    extensions: { code: error.code },
  });
}

/** Turns what any route threw into a JSON answer; unexpected errors say nothing but their id. */
export function jsonErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      // Too late for an answer: express closes the connection.
      next(error);
      return;
    }
    const expected = error instanceof AppError ? error : bodyError(error);
    if (expected !== null) {
      sendAppError(response, expected);
      return;
    }
    if (request.destroyed) return; // The client has gone.
    sendErrors(response, 500, clientError(error, log));
  };
}

function bodyError(error: unknown): AppError | null {
  if (!(error instanceof Error) || !("type" in error) || typeof error.type !== "string") return null;
  const known = BODY_ERRORS[error.type];
  return known === undefined ? null : new AppError(known.code, known.message);
}

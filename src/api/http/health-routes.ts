import { Router } from "express";
import { AppError } from "../../core/app-error.js";
import { httpStatusOf } from "../../core/error-codes.js";
import type { Log } from "../../telemetry/log.js";

/** Tells whether the database can serve requests. */
export interface DatabaseReadiness {
  /** @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY` */
  checkReady(): Promise<void>;
}

/** Sentences that reveal neither hosts nor names, because anyone can read them. */
const REASONS = {
  DATABASE_READ_ONLY: "The database is read-only: it accepts no changes.",
  DATABASE_UNREACHABLE: "The database does not respond.",
} as const;

/**
 * Health checks that need no token. `/healthz` tells that the process runs, and `/readyz` that it can serve requests,
 * which requires a database that answers and accepts writes.
 */
export function healthRoutes(database: DatabaseReadiness, log: Log): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => response.json({ status: "ok" }));
  router.get("/readyz", async (_request, response) => {
    try {
      await database.checkReady();
      response.json({ status: "ready" });
    } catch (error) {
      log.warn("not ready", { error });
      const isReadOnly = error instanceof AppError && error.code === "DATABASE_READ_ONLY";
      const code = isReadOnly ? "DATABASE_READ_ONLY" : "DATABASE_UNREACHABLE";
      response.status(httpStatusOf(code)).json({ status: "unavailable", code, reason: REASONS[code] });
    }
  });
  return router;
}

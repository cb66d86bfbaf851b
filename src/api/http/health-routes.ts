import { Router } from "express";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { Log } from "../../telemetry/log.js";

/**
 * Health checks that need no token. `/healthz` tells that the process runs, and `/readyz` that it can serve requests,
 * which requires the database.
 */
export function healthRoutes(datasets: DatasetStore, log: Log): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => response.json({ status: "ok" }));
  router.get("/readyz", async (_request, response) => {
    try {
      await datasets.listDatasets({ first: 1, after: null });
      response.json({ status: "ready" });
    } catch (error) {
      log.warn("not ready: the database does not respond", { error });
      response.status(503).json({ status: "unavailable", reason: "The database does not respond." });
    }
  });
  return router;
}

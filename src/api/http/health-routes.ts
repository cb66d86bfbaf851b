import { Router } from "express";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { Log } from "../../telemetry/log.js";

/**
 * For whoever watches over the process, without a token: `/healthz` says that it runs, `/readyz` that
 * it can answer, for which it reads from the database.
 */
export function healthRoutes(datasets: DatasetStore, log: Log): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => response.json({ status: "ok" }));
  router.get("/readyz", async (_request, response) => {
    try {
      await datasets.listDatasets({ first: 1, after: null });
      response.json({ status: "ready" });
    } catch (error) {
      log.warn("not ready: the database does not answer", { error });
      response.status(503).json({ status: "unavailable", reason: "The database does not answer." });
    }
  });
  return router;
}

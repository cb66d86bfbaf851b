import { Readable } from "node:stream";
import { type RequestHandler, Router } from "express";
import type { PredictionsCsv } from "../../training/evaluation/predictions-csv.js";
import type { Authentication } from "./authentication.js";
import { sendContent } from "./send-content.js";

/** Returns the path of the predictions of an evaluation as CSV. */
export function predictionsCsvPath(runId: string, predictionsSha256: string): string {
  return `/predictions/${encodeURIComponent(runId)}/${predictionsSha256}.csv`;
}

/** `GET /predictions/:runId/:sha256.csv` returns the predictions of an evaluation. */
export function predictionsRoute(predictions: PredictionsCsv, authentication: Authentication): Router {
  return Router().get(
    "/predictions/:runId/:sha256.csv",
    authentication.require("VIEWER"),
    download(predictions),
  );
}

function download(predictions: PredictionsCsv): RequestHandler<{ runId: string; sha256: string }> {
  return async (request, response) => {
    const { runId, sha256 } = request.params;
    const { fileName, parts } = await predictions.open(runId, sha256);
    response.attachment(fileName);
    response.set({
      "Content-Type": "text/csv; charset=utf-8; header=present",
      "Cache-Control": "private, no-cache",
      Vary: "Authorization",
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    await sendContent(Readable.from(parts), response);
  };
}

import { Worker } from "node:worker_threads";
import { AppError } from "../core/app-error.js";
import type { NetworkSpec, TrainingSpec } from "../graph/architectures/network-spec.js";
import type { ImportanceImports } from "../graph/pruning/importance-graph.js";
import type { SavedModelGraph } from "../graph/saved-model/signature.js";
import { GRAPH_REPLY_SCHEMA, type GraphRequest } from "./graph-protocol.js";

/**
 * Runs `buildTrainingGraph` in its own thread: VGG19 with its gradients takes at least 80 ms, during which the event loop
 * would be blocked.
 *
 * @throws AppError as `buildTrainingGraph` does
 */
export function buildTrainingGraphAside(
  network: NetworkSpec,
  training: TrainingSpec,
): Promise<SavedModelGraph> {
  return buildAside({ kind: "training", network, training });
}

/**
 * Runs `buildServingGraph` in its own thread, for the same reason.
 *
 * @throws AppError as `buildServingGraph` does
 */
export function buildServingGraphAside(network: NetworkSpec): Promise<SavedModelGraph> {
  return buildAside({ kind: "serving", network });
}

/**
 * Runs `buildImportanceGraph` in its own thread, for the same reason.
 *
 * @throws AppError as `buildImportanceGraph` does
 */
export function buildImportanceGraphAside(
  network: NetworkSpec,
  imports: ImportanceImports,
): Promise<SavedModelGraph> {
  return buildAside({ kind: "importance", network, imports });
}

async function buildAside(request: GraphRequest): Promise<SavedModelGraph> {
  const worker = new Worker(new URL("./graph-worker.js", import.meta.url), { workerData: request });
  const message = await new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    // After a message the rejection has no effect.
    worker.once("exit", (code) =>
      reject(new Error(`The thread that builds a graph ended with code ${code}.`)),
    );
  });
  const reply = GRAPH_REPLY_SCHEMA.parse(message);
  if (reply.kind === "refused") throw new AppError(reply.code, reply.message);
  return reply.graph;
}

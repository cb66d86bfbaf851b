import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../core/app-error.js";
import { buildServingGraph } from "../graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../graph/architectures/training-graph.js";
import { buildImportanceGraph } from "../graph/pruning/importance-graph.js";
import type { SavedModelGraph } from "../graph/saved-model/signature.js";
import { GRAPH_REQUEST_SCHEMA, type GraphReply, type GraphRequest } from "./graph-protocol.js";

/** Builds the graph that `workerData` describes. The thread ends afterwards. */
function reply(): { reply: GraphReply; transfer: ArrayBuffer[] } {
  const request = GRAPH_REQUEST_SCHEMA.parse(workerData);
  try {
    const graph = graphOf(request);
    const { buffer } = graph.bytes;
    return { reply: { kind: "graph", graph }, transfer: buffer instanceof ArrayBuffer ? [buffer] : [] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { reply: { kind: "refused", code: error.code, message: error.message }, transfer: [] };
  }
}

function graphOf(request: GraphRequest): SavedModelGraph {
  switch (request.kind) {
    case "serving":
      return buildServingGraph(request.network);
    case "training":
      return buildTrainingGraph(request.network, request.training);
    case "importance":
      return buildImportanceGraph(request.network, request.imports);
  }
}

const answer = reply();
parentPort?.postMessage(answer.reply, answer.transfer);

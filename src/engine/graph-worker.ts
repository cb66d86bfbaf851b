import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../core/app-error.js";
import { buildServingGraph } from "../graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../graph/architectures/training-graph.js";
import { GRAPH_REQUEST_SCHEMA, type GraphReply } from "./graph-protocol.js";

/** Builds the graph that `workerData` describes. The thread ends afterwards. */
function reply(): { reply: GraphReply; transfer: ArrayBuffer[] } {
  const { network, training } = GRAPH_REQUEST_SCHEMA.parse(workerData);
  try {
    const graph = training === null ? buildServingGraph(network) : buildTrainingGraph(network, training);
    const { buffer } = graph.bytes;
    return { reply: { kind: "graph", graph }, transfer: buffer instanceof ArrayBuffer ? [buffer] : [] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { reply: { kind: "refused", code: error.code, message: error.message }, transfer: [] };
  }
}

const answer = reply();
parentPort?.postMessage(answer.reply, answer.transfer);

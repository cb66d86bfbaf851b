import { z } from "zod";
import { type ErrorCode, isErrorCode } from "../core/error-codes.js";
import type { NetworkSpec, TrainingSpec } from "../graph/architectures/network-spec.js";
import { SAVED_MODEL_GRAPH_SCHEMA } from "../graph/saved-model/signature.js";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** Given to the thread that builds a graph, which checks the specifications itself while it builds. */
export const GRAPH_REQUEST_SCHEMA = z.object({
  network: z.custom<NetworkSpec>(isObject),
  /** Null: the graph that serves. */
  training: z.custom<TrainingSpec>(isObject).nullable(),
});
export type GraphRequest = z.infer<typeof GRAPH_REQUEST_SCHEMA>;

export const GRAPH_REPLY_SCHEMA = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("graph"), graph: SAVED_MODEL_GRAPH_SCHEMA }),
  z.object({ kind: z.literal("refused"), code: z.custom<ErrorCode>(isErrorCode), message: z.string() }),
]);
export type GraphReply = z.infer<typeof GRAPH_REPLY_SCHEMA>;

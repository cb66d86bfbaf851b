import { z } from "zod";
import { type ErrorCode, isErrorCode } from "../core/error-codes.js";
import type { NetworkSpec, TrainingSpec } from "../graph/architectures/network-spec.js";
import type { ImportanceImports } from "../graph/pruning/importance-graph.js";
import { SAVED_MODEL_GRAPH_SCHEMA } from "../graph/saved-model/signature.js";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** The data with which a thread that builds a graph is created. The specifications are checked while it builds. */
export const GRAPH_REQUEST_SCHEMA = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("serving"), network: z.custom<NetworkSpec>(isObject) }),
  z.object({
    kind: z.literal("training"),
    network: z.custom<NetworkSpec>(isObject),
    training: z.custom<TrainingSpec>(isObject),
  }),
  z.object({
    kind: z.literal("importance"),
    network: z.custom<NetworkSpec>(isObject),
    imports: z.custom<ImportanceImports>(isObject),
  }),
]);
export type GraphRequest = z.infer<typeof GRAPH_REQUEST_SCHEMA>;

export const GRAPH_REPLY_SCHEMA = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("graph"), graph: SAVED_MODEL_GRAPH_SCHEMA }),
  z.object({ kind: z.literal("refused"), code: z.custom<ErrorCode>(isErrorCode), message: z.string() }),
]);
export type GraphReply = z.infer<typeof GRAPH_REPLY_SCHEMA>;

import type { Limits } from "../../core/config.js";

/** What one GraphQL operation may ask for; the same over HTTP and over WebSocket. */
export type OperationLimits = Pick<Limits, "queryDepth" | "queryCost" | "queryAliases" | "queryTokens">;

/** Characters of an operation's text: data belongs into variables. */
export const QUERY_CHARACTERS = 100_000;
/** Items of any list in the variables. */
export const LIST_ITEMS = 1_000;
/** How deeply variables may be nested; the deepest input has five levels. */
export const VARIABLES_DEPTH = 16;

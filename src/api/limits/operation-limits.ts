import type { Limits } from "../../core/config.js";

/** Limits of one GraphQL operation, over HTTP and over WebSocket. */
export type OperationLimits = Pick<Limits, "queryDepth" | "queryCost" | "queryAliases" | "queryTokens">;

/** Maximum number of characters of an operation's text. Data belongs in variables. */
export const QUERY_CHARACTERS = 100_000;
/** Maximum number of items of a list in the variables. */
export const LIST_ITEMS = 1_000;
/** Maximum nesting depth of the variables. The deepest input of the schema has five levels. */
export const VARIABLES_DEPTH = 16;

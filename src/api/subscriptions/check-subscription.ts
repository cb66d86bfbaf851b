import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from "graphql";
import type { SubscribePayload } from "graphql-ws";
import type { ErrorCode } from "../../core/error-codes.js";
import { codedError } from "../errors/coded-error.js";
import { checkOperation, checkQueryText } from "../limits/check-operation.js";
import type { OperationLimits } from "../limits/operation-limits.js";

const UNREADABLE: ErrorCode = "GRAPHQL_PARSE_FAILED";
const INVALID: ErrorCode = "GRAPHQL_VALIDATION_FAILED";

/**
 * Parses, validates and checks an operation before its execution, as Apollo does over HTTP.
 *
 * @returns the parsed document, or errors with codes when it is refused
 */
export function checkSubscription(
  payload: SubscribePayload,
  schema: GraphQLSchema,
  limits: OperationLimits,
): DocumentNode | readonly GraphQLError[] {
  try {
    checkQueryText(payload.query);
    const document = parsed(payload.query, limits.queryTokens);
    const operation = getOperationAST(document, payload.operationName ?? null);
    if (!operation) {
      return [codedError("OPERATION_RESOLUTION_FAILURE", "The document has no operation of that name.")];
    }
    if (operation.operation !== "subscription") {
      return [
        codedError(
          "ONLY_SUBSCRIPTIONS",
          "Only subscriptions are served over WebSocket; send others by POST.",
        ),
      ];
    }
    const invalid = validate(schema, document);
    if (invalid.length > 0) return invalid.map((error) => withCode(INVALID, error));
    checkOperation({ schema, document, operation, variables: payload.variables ?? {} }, limits);
    return document;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [withCode(error.extensions.code, error)];
  }
}

function parsed(query: string, maxTokens: number): DocumentNode {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    throw error instanceof GraphQLError ? withCode(UNREADABLE, error) : error;
  }
}

/** Reduces the extensions of an error to its code. The others are for HTTP or not for clients. */
function withCode(code: unknown, error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, {
    ...(nodes === undefined ? {} : { nodes }),
    ...(source === undefined ? {} : { source }),
    ...(positions === undefined ? {} : { positions }),
    extensions: { code },
  });
}

import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  visit,
} from "graphql";
import { operationRefused } from "../errors/coded-error.js";
import { type OperationLimits, QUERY_CHARACTERS } from "./operation-limits.js";
import { costOf } from "./query-cost.js";
import { depthOf } from "./query-depth.js";
import { checkText, checkVariables } from "./variables.js";

/** A parsed and validated operation before its execution. */
export interface CheckedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** @throws GraphQLError with the code `QUERY_TOO_COMPLEX`, `INPUT_TOO_LARGE` or `BAD_USER_INPUT` */
export function checkOperation(
  { schema, document, operation, variables }: CheckedOperation,
  limits: OperationLimits,
): void {
  checkVariables(variables);
  checkTexts(document);
  const aliases = countAliases(document);
  if (aliases > limits.queryAliases) {
    throw tooComplex(`has ${aliases} aliases; at most ${limits.queryAliases} are allowed`);
  }
  const depth = depthOf(operation.selectionSet, document);
  if (depth > limits.queryDepth) {
    throw tooComplex(`nests fields ${depth} deep; at most ${limits.queryDepth} are allowed`);
  }
  const cost = costOf(schema, document, operation, variables);
  if (cost > limits.queryCost) {
    throw tooComplex(
      `costs ${Math.ceil(cost)}; at most ${limits.queryCost} is allowed. Smaller pages cost less`,
    );
  }
}

/** @throws GraphQLError with the code `QUERY_TOO_COMPLEX` */
export function checkQueryText(text: unknown): void {
  if (typeof text !== "string" || text.length <= QUERY_CHARACTERS) return;
  throw tooComplex(
    `has ${text.length} characters; at most ${QUERY_CHARACTERS} are allowed. Data belongs in variables`,
  );
}

function checkTexts(document: DocumentNode): void {
  visit(document, {
    StringValue({ value }) {
      checkText(value);
    },
  });
}

function countAliases(document: DocumentNode): number {
  let aliases = 0;
  visit(document, {
    Field(field) {
      if (field.alias !== undefined) aliases++;
    },
  });
  return aliases;
}

function tooComplex(what: string): GraphQLError {
  return operationRefused("QUERY_TOO_COMPLEX", `The operation ${what}.`);
}

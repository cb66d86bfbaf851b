import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  type OperationDefinitionNode,
} from "graphql";
import { type ComplexityEstimator, getComplexity } from "graphql-query-complexity";
import { operationRefused } from "../errors/coded-error.js";
import { PAGE_SIZES, pageSizesOf } from "../relay/page-size.js";

/** Assumed number of items of a list without an argument for its size. */
const LIST_ITEMS = 10;

/** Assumed number of items of lists with one item per class, of which there may be thousands. */
const CLASS_ITEMS = 100;
const LISTS_OF_CLASSES: ReadonlySet<string> = new Set(["Evaluation.classes", "RunComparison.classes"]);

/** Costs of fields that take far more work than others. */
const OWN_COSTS: Readonly<Record<string, number>> = {
  // A square matrix with one row per class, of at most 500 classes.
  "Evaluation.confusion": 1_000,
  // Reads all files of a version when it is first asked for.
  "ModelArchive.sha256": 1_000,
  // Computes for minutes when it is first asked for.
  "Query.compareModels": 1_000,
};

/**
 * Returns the maximum cost of an operation: 1 for each field, multiplied by the number of items of the lists around it.
 * Introspection costs 1, since its result is the same for everybody and its depth is bounded.
 *
 * @throws GraphQLError with the code `BAD_USER_INPUT` when the variables do not fit the operation, or fragments expand to
 *   too many fields to be counted
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const operationName = operation.name?.value;
  try {
    return getComplexity({
      schema,
      query: document,
      variables: { ...variables },
      // A document with several operations has names for all of them.
      ...(operationName === undefined ? {} : { operationName }),
      estimators: [fieldCost],
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw operationRefused("BAD_USER_INPUT", error.message);
  }
}

const fieldCost: ComplexityEstimator = ({ field, type, args, childComplexity }) => {
  if (field.name.startsWith("__")) return 1;
  return (OWN_COSTS[`${type.name}.${field.name}`] ?? 1) + childComplexity * itemsOf(field, type.name, args);
};

/** A connection multiplies by its page size, and not again at `nodes` and `edges`. */
function itemsOf(
  field: Parameters<ComplexityEstimator>[0]["field"],
  parent: string,
  args: Readonly<Record<string, unknown>>,
): number {
  const type = getNamedType(field.type).name;
  if (type.endsWith("Connection")) return itemsAsked(args.first ?? args.last, pageSizesOf(type).default);
  // A list that is not a connection, but has pages.
  if ("first" in args) return itemsAsked(args.first, PAGE_SIZES.max);
  // The list `points` below it multiplies by LIST_ITEMS again.
  if ("maxPoints" in args) return itemsAsked(args.maxPoints, LIST_ITEMS) / LIST_ITEMS;
  if (parent.endsWith("Connection")) return 1;
  if (LISTS_OF_CLASSES.has(`${parent}.${field.name}`)) return CLASS_ITEMS;
  return isListType(getNullableType(field.type)) ? LIST_ITEMS : 1;
}

function itemsAsked(argument: unknown, fallback: number): number {
  return typeof argument === "number" ? Math.max(1, argument) : fallback;
}

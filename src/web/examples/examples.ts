import { type DocumentNode, Kind, type OperationDefinitionNode, parse } from "graphql";

/** A file of the folder `examples/`, bundled at build time. */
export interface Example {
  /** The position in the workflow, such as "06". */
  readonly number: string;
  /** The title from the name of the file, such as "Launch runs". */
  readonly title: string;
  /** The comment at the head of the file. */
  readonly about: string;
  readonly operationName: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly query: string;
  readonly document: DocumentNode;
  readonly operations: OperationDefinitionNode[];
  /** They may contain placeholders, see `placeholders.ts`. Null when the operation takes no variables. */
  readonly variables: unknown;
}

const QUERIES = import.meta.glob<string>("../../../examples/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const VARIABLES = import.meta.glob<unknown>("../../../examples/*.json", { import: "default", eager: true });

export const EXAMPLES: readonly Example[] = Object.keys(QUERIES)
  .sort()
  .map((path) =>
    readExample(path, QUERIES[path] ?? "", VARIABLES[path.replace(/\.graphql$/, ".json")] ?? null),
  );

function readExample(path: string, query: string, variables: unknown): Example {
  const [, number = "", words = ""] = /(\d+)-([^/]+)\.graphql$/.exec(path) ?? [];
  const document = parse(query);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  const title = words.replaceAll("-", " ");
  return {
    number,
    title: title.charAt(0).toUpperCase() + title.slice(1),
    about: /^(?:#.*\n)*/.exec(query)?.[0].replaceAll(/^# ?/gm, "").trim() ?? "",
    operationName: operation?.name?.value ?? title,
    kind: operation?.operation ?? "query",
    query,
    document,
    operations,
    variables,
  };
}

import { type DocumentNode, Kind, type OperationDefinitionNode, parse } from "graphql";

/** One file of `examples/`, bundled at build time. */
export interface Example {
  /** "06": the order in which the examples do the whole job. */
  readonly number: string;
  /** "Launch runs", from the file's name. */
  readonly title: string;
  /** The comment at the head of the file. */
  readonly about: string;
  readonly operationName: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly query: string;
  readonly document: DocumentNode;
  readonly operations: OperationDefinitionNode[];
  /** May hold placeholders, see `placeholders.ts`; null when the operation takes no variables. */
  readonly variables: unknown;
}

const QUERIES = import.meta.glob<string>("../../examples/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const VARIABLES = import.meta.glob<unknown>("../../examples/*.json", { import: "default", eager: true });

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

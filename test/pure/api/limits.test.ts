import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSchema, GraphQLError, getIntrospectionQuery, getOperationAST, parse, validate } from "graphql";
import { checkOperation, checkQueryText } from "../../../src/api/limits/check-operation.js";
import { costOf } from "../../../src/api/limits/query-cost.js";
import { depthOf } from "../../../src/api/limits/query-depth.js";
import { emitSchema } from "../../../src/api/schema.js";
import { parseConfig } from "../../../src/core/config.js";

const schema = buildSchema(await emitSchema());
const { limits } = parseConfig({});

test("the first query of GraphiQL is within every limit", () => {
  for (const options of [
    {},
    { inputValueDeprecation: true, specifiedByUrl: true, schemaDescription: true },
  ]) {
    check(getIntrospectionQuery(options));
  }
});

test("the nesting of introspection is limited", () => {
  const nested = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
  assert.notDeepEqual(validate(schema, parse(nested)), []);
});

test("depth counts fields, through fragments of both kinds", () => {
  assert.equal(depth("{ system { version } }"), 2);
  assert.equal(depth("{ system { ... on System { engine { status } } } }"), 3);
  assert.equal(
    depth("{ ...A } fragment A on Query { system { ...B } } fragment B on System { engine { threads } }"),
    3,
  );
});

test("a query nested deeper than the limit is refused, also in a fragment", () => {
  const deep = (levels: number): string =>
    Array.from({ length: levels }).reduce<string>(
      (inner) => `run { experiment { name } datasetVersion { ref } modelVersions { ${inner} } }`,
      "ref",
    );
  const query = `query Q { modelVersion(ref: "flowers") { ...F } } fragment F on ModelVersion { ${deep(8)} }`;
  assert.throws(() => check(query), refusedWith("QUERY_TOO_COMPLEX", /deep/));
});

test("fragments that spread fragments are measured quickly", () => {
  const names = Array.from({ length: 60 }, (_, index) => `F${index}`);
  const fragments = names.map((name, index) => {
    const next = names[index + 1];
    const inner = next === undefined ? "version" : `...${next} ...${next}`;
    return `fragment ${name} on System { ${inner} }`;
  });
  const query = `{ system { ...F0 } } ${fragments.join(" ")}`;
  const before = performance.now();
  assert.throws(() => check(query), refusedWith("BAD_USER_INPUT", /nodes/));
  assert.ok(performance.now() - before < 1000);
});

test("more aliases than the limit are refused", () => {
  const query = (count: number): string =>
    `{ ${Array.from({ length: count }, (_, index) => `a${index}: system { version }`).join(" ")} }`;
  check(query(limits.queryAliases));
  assert.throws(() => check(query(limits.queryAliases + 1)), refusedWith("QUERY_TOO_COMPLEX", /aliases/));
});

test("a connection costs its page size times what it holds, given literally, by variable or by default", () => {
  const inner = "{ nodes { id name } }";
  assert.equal(cost(`{ datasets(first: 10) ${inner} }`), 1 + 10 * 3);
  assert.equal(cost(`query Q($n: Int) { datasets(first: $n) ${inner} }`, { n: 20 }), 1 + 20 * 3);
  assert.equal(cost(`{ datasets ${inner} }`), 1 + 50 * 3);
  assert.equal(cost(`{ datasets(first: null) ${inner} }`), 1 + 50 * 3);
  assert.equal(cost(`{ datasets(last: 10) ${inner} }`), 1 + 10 * 3);
  assert.equal(cost(`query Q($n: Int) { datasets(last: $n, before: "x") ${inner} }`, { n: 20 }), 1 + 20 * 3);
  assert.equal(cost(`{ datasets(before: "x") ${inner} }`), 1 + 50 * 3);
  const points = "nodes { step value }";
  assert.equal(cost(`{ run(id: "run_1") { metricPoints(key: "train.loss") { ${points} } } }`), 2 + 500 * 3);
});

test("nested connections multiply their costs", () => {
  const query =
    "{ datasets(first: 200) { nodes { versions(first: 200) { nodes { samples(first: 200) { nodes { id } } } } } } }";
  assert.ok(cost(query) > 8_000_000);
  assert.throws(() => check(query), refusedWith("QUERY_TOO_COMPLEX", /costs/));
});

test("a page of 200 runs with their relations, and a chart of a long run, are within the limit", () => {
  check(`{ runs(first: 200) { nodes { id name state experiment { name } datasetVersion { ref }
    metrics { key best { value } } } pageInfo { hasNextPage endCursor } } }`);
  check(
    `query Q($id: ID!) { run(id: $id) { metricHistory(key: "train.loss", maxPoints: 5000) { points { step value } } } }`,
    { id: "run_1" },
  );
});

test("lists with one item per class are costed for many classes, and a confusion matrix costs more", () => {
  const evaluation = "evaluation { top1 classes { name f1 } confusion }";
  assert.equal(cost(`{ run(id: "run_1") { evaluation { top1 } } }`), 3);
  assert.equal(cost(`{ run(id: "run_1") { ${evaluation} } }`), 1 + 1 + 1 + (1 + 100 * 2) + 1_000);
  check(`{ compareRuns(runIds: ["run_1", "run_2"]) { runs { ${evaluation} } classes { name f1 } } }`);
  assert.throws(
    () => check(`{ runs(first: 50) { nodes { ${evaluation} } } }`),
    refusedWith("QUERY_TOO_COMPLEX", /costs/),
  );
});

test("a comparison of models costs more than its fields, because it measures them", () => {
  const compare = `compareModels(refs: ["flowers"]) { measuredAt rows { multiplications } }`;
  assert.equal(cost(`{ ${compare} }`), 1_000 + 1 + (1 + 10));
  const many = Array.from({ length: 21 }, (_, index) => `c${index}: ${compare}`);
  assert.throws(() => check(`{ ${many.join(" ")} }`), refusedWith("QUERY_TOO_COMPLEX", /costs/));
});

test("long query texts are refused before they are parsed", () => {
  checkQueryText("{ system { version } }");
  assert.throws(() => checkQueryText(" ".repeat(100_001)), refusedWith("QUERY_TOO_COMPLEX", /characters/));
});

test("long lists and deep nesting in variables are refused", () => {
  const query = "query Q($ids: [ID!]!) { compareRuns(runIds: $ids) { configuration { path } } }";
  assert.throws(
    () => check(query, { ids: Array(1_001).fill("run_1") }),
    refusedWith("INPUT_TOO_LARGE", /1001/),
  );
  let nested: unknown = "run_1";
  for (let level = 0; level < 50; level++) nested = [nested];
  assert.throws(() => check(query, { ids: nested }), refusedWith("INPUT_TOO_LARGE", /nested/));
});

function depth(query: string): number {
  const document = parse(query);
  return depthOf(operationOf(query).selectionSet, document);
}

function cost(query: string, variables: Record<string, unknown> = {}): number {
  return costOf(schema, parse(query), operationOf(query), variables);
}

test("text that no column can hold is refused, in variables and in the operation", () => {
  const query = "query Q($name: String!) { dataset(name: $name) { id } }";
  check(query, { name: "é \u{1f33c} \u0001" });
  for (const name of ["a\0b", "\ud800"]) {
    assert.throws(() => check(query, { name }), refusedWith("BAD_USER_INPUT", /Unicode/));
  }
  assert.throws(
    () => check('{ dataset(name: "a\\u0000b") { id } }'),
    refusedWith("BAD_USER_INPUT", /Unicode/),
  );
});

function check(query: string, variables: Record<string, unknown> = {}): void {
  const document = parse(query, { maxTokens: limits.queryTokens });
  assert.deepEqual(validate(schema, document), []);
  checkOperation({ schema, document, operation: operationOf(query), variables }, limits);
}

function operationOf(query: string): NonNullable<ReturnType<typeof getOperationAST>> {
  const operation = getOperationAST(parse(query));
  assert.ok(operation);
  return operation;
}

function refusedWith(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof GraphQLError && error.extensions.code === code && message.test(error.message);
}

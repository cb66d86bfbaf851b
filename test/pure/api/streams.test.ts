import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExecutionResult, GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from "graphql";
import { abortable } from "../../../src/api/subscriptions/abortable.js";
import { subscribeWithFreshContext } from "../../../src/api/subscriptions/event-execution.js";
import { AppError } from "../../../src/core/app-error.js";
import { createLog } from "../../../src/telemetry/log.js";

test("a stream in which nothing happens can be left at any time, and cleans up after itself", async () => {
  let cleaned = false;
  const stream = abortable<number>(async function* (signal) {
    try {
      yield 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve());
      await promise;
    } finally {
      cleaned = true;
    }
  });
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  const quiet = stream.next();
  await stream.return?.();
  assert.deepEqual(await quiet, { done: true, value: undefined });
  assert.equal(cleaned, true);
});

test("each event of a subscription is answered with a context of its own", async () => {
  let contexts = 0;
  const results = await subscribe(
    async function* () {
      yield { value: 10 };
      yield { value: 20 };
    },
    () => ({ added: ++contexts }),
  );
  assert.deepEqual(
    results.map(({ data }) => ({ ...data })),
    [{ counted: 11 }, { counted: 22 }],
  );
});

test("a stream that breaks tells its subscriber without telling the inside, and ends", async () => {
  const lines: string[] = [];
  const results = await subscribe(
    async function* () {
      yield { value: 10 };
      throw new Error('relation "run_event" does not exist');
    },
    () => ({ added: 0 }),
    lines,
  );
  assert.equal(results.length, 2);
  const [error] = results[1]?.errors ?? [];
  assert.equal(error?.extensions.code, "INTERNAL");
  assert.doesNotMatch(error?.message ?? "", /relation/);
  assert.match(lines.join(""), /relation/);
});

test("a mistake that shows only while streaming reaches the subscriber in words", async () => {
  const results = await subscribe(
    // biome-ignore lint/correctness/useYield: it breaks before its first event.
    async function* () {
      throw new AppError("CURSOR_INVALID", "The cursor is not one of this list.", { path: ["after"] });
    },
    () => ({ added: 0 }),
  );
  assert.deepEqual(
    results.map(({ errors }) => errors?.[0]?.extensions.code),
    ["CURSOR_INVALID"],
  );
});

async function subscribe(
  events: () => AsyncIterable<{ value: number }>,
  freshContext: () => { added: number },
  lines: string[] = [],
): Promise<ExecutionResult[]> {
  const stream = await subscribeWithFreshContext(
    { schema: schemaOf(events), document: parse("subscription { counted }"), contextValue: { added: 0 } },
    freshContext,
    createLog("error", (line) => lines.push(line)),
  );
  assert.ok(Symbol.asyncIterator in stream);
  const results: ExecutionResult[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

function schemaOf(events: () => AsyncIterable<{ value: number }>): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { nothing: { type: GraphQLInt } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        counted: {
          type: GraphQLInt,
          subscribe: events,
          resolve: ({ value }: { value: number }, _args, { added }: { added: number }) => value + added,
        },
      },
    }),
  });
}

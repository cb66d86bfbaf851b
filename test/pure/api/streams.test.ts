import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExecutionResult, GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from "graphql";
import { subscribeToEvents } from "../../../src/api/subscriptions/event-execution.js";
import { SharedResults } from "../../../src/api/subscriptions/shared-results.js";
import { AppError } from "../../../src/core/app-error.js";
import type { Role } from "../../../src/core/enumerations.js";
import { abortable } from "../../../src/lang/abortable.js";
import { createLog } from "../../../src/telemetry/log.js";

test("a quiet stream can be left at any time and releases its resources", async () => {
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

test("each event of a subscription has its own context", async () => {
  let contexts = 0;
  const results = await subscribe(
    async function* () {
      yield { cursor: "1.0", value: 10 };
      yield { cursor: "2.0", value: 20 };
    },
    () => ({ added: ++contexts }),
  );
  assert.deepEqual(
    results.map(({ data }) => ({ ...data })),
    [{ counted: 11 }, { counted: 22 }],
  );
});

test("a failing stream sends a masked error to its subscriber and ends", async () => {
  const lines: string[] = [];
  const results = await subscribe(
    async function* () {
      yield { cursor: "1.0", value: 10 };
      throw new Error('relation "run_event" does not exist');
    },
    () => ({ added: 0 }),
    { lines },
  );
  assert.equal(results.length, 2);
  const [error] = results[1]?.errors ?? [];
  assert.equal(error?.extensions.code, "INTERNAL");
  assert.doesNotMatch(error?.message ?? "", /relation/);
  assert.match(lines.join(""), /relation/);
});

test("an expected error that occurs while streaming reaches the subscriber with its message", async () => {
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

test("equal subscriptions share one execution, and others have their own", async () => {
  let contexts = 0;
  const shared = new SharedResults();
  const events = async function* () {
    for (let value = 1; value <= 3; value++) yield { cursor: `${value}.0`, value };
  };
  const streams = await Promise.all(
    ["VIEWER", "VIEWER", "VIEWER", "ADMIN"].map((role) =>
      open(events, () => ({ added: 100 * ++contexts }), { shared, role: role as Role }),
    ),
  );
  const rounds: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all(streams.map((stream) => stream.next()));
    rounds.push(results.map(({ value }) => (value as ExecutionResult).data?.counted));
  }
  assert.deepEqual(rounds, [
    [101, 101, 101, 201],
    [302, 302, 302, 402],
    [503, 503, 503, 603],
  ]);
});

test("a shared result is kept only for subscribers that are a little behind", async () => {
  let contexts = 0;
  const shared = new SharedResults();
  const events = async function* () {
    for (let value = 1; value <= 100; value++) yield { cursor: `${value}.0`, value: 0 };
  };
  const [ahead, behind] = await Promise.all(
    [1, 2].map(() => open(events, () => ({ added: ++contexts }), { shared })),
  );
  for (let event = 1; event <= 10; event++) await ahead!.next();
  for (let event = 1; event <= 10; event++) await behind!.next();
  assert.equal(contexts, 10);
  for (let event = 11; event <= 100; event++) await ahead!.next();
  await behind!.next();
  assert.equal(contexts, 101);

  // A single subscriber shares no results, and a later subscriber gets a new result instead of an earlier one.
  await ahead!.return!();
  await behind!.next();
  const late = await open(events, () => ({ added: ++contexts }), { shared });
  assert.deepEqual({ ...(await late.next()).value?.data }, { counted: 103 });
});

interface OpenOptions {
  readonly lines?: string[];
  readonly shared?: SharedResults;
  readonly role?: Role;
}

type Counted = () => AsyncIterable<{ cursor: string; value: number }>;

async function open(
  events: Counted,
  freshContext: () => { added: number },
  { lines = [], shared = new SharedResults(), role = "VIEWER" }: OpenOptions = {},
): Promise<AsyncIterableIterator<ExecutionResult, undefined>> {
  const query = "subscription { counted }";
  const stream = await subscribeToEvents(
    { schema: schemaOf(events), document: parse(query), contextValue: { added: 0 } },
    {
      freshContext,
      share: () => shared.join({ query, operationName: null, variables: null, role }),
      log: createLog("error", { write: (line) => lines.push(line) }),
    },
  );
  assert.ok(Symbol.asyncIterator in stream);
  return stream;
}

async function subscribe(...args: Parameters<typeof open>): Promise<ExecutionResult[]> {
  const results: ExecutionResult[] = [];
  for await (const result of await open(...args)) results.push(result);
  return results;
}

function schemaOf(events: Counted): GraphQLSchema {
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

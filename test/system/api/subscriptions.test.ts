import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { AccessTokenStore } from "../../../src/access/access-token-store.js";
import { AccessTokens } from "../../../src/access/access-tokens.js";
import type { RunState } from "../../../src/core/enumerations.js";
import { RunEventStore } from "../../../src/training/events/event-store.js";
import { socketUrl } from "../../testkit/api/graphql-client.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { SocketClient } from "../../testkit/api/socket-client.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { insertTrainedRun } from "../../testkit/trained-run.js";
import { untilItWorks } from "../../testkit/until-it-works.js";

const EVENTS = `subscription Events($runId: ID!, $after: String) {
  runEvents(runId: $runId, after: $after) { sequence cursor run { state } ... on RunWarning { message } }
}`;

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

/** A run without a trainer. Its events are written over the test's own connections, as by another process. */
async function openRun({ database }: TestServer = server) {
  const { runId } = await insertTrainedRun(database);
  const events = new RunEventStore(database);
  const changeState = async (from: RunState, to: RunState): Promise<void> => {
    await database.transaction(async (client) => {
      await rawSql(client, "update run set state = $2::run_state where id = $1", [runId, to]);
      const change = { kind: "RunStateChanged", from, to, reason: null, detail: null } as const;
      await events.append(client, runId, change, new Date());
    });
  };
  await changeState("SUCCEEDED", "PAUSED");
  return {
    runId,
    changeState,
    warn: (message: string, count = 1) =>
      database.transaction(async (client) => {
        for (let index = 0; index < count; index++) {
          await events.append(client, runId, { kind: "RunWarning", code: "TEST", message }, new Date());
        }
      }),
  };
}

interface EventPayload {
  readonly data?: {
    readonly runEvents: {
      readonly sequence: number;
      readonly cursor: string;
      readonly run: { readonly state: string };
      readonly message?: string;
    };
  };
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** Takes the subscription's events up to the one with the sequence. */
async function eventsUntil(client: SocketClient, last: number) {
  const events: NonNullable<EventPayload["data"]>["runEvents"][] = [];
  while (events.at(-1)?.sequence !== last) {
    const message = await client.next();
    assert.equal(message.type, "next", JSON.stringify(message));
    const { data, errors } = message.payload as EventPayload;
    assert.ok(data !== undefined, JSON.stringify(errors));
    events.push(data.runEvents);
  }
  return events;
}

const sequencesOf = (events: readonly { readonly sequence: number }[]): number[] =>
  events.map(({ sequence }) => sequence);

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test("a hundred subscribers of a run receive the same events in order, and their subscriptions complete when it ends", async () => {
  const run = await openRun();
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => SocketClient.connect(server.url, server.viewer.token)),
  );
  for (const [index, client] of clients.entries())
    client.subscribe(`s${index}`, EVENTS, { runId: run.runId });
  for (const client of clients) await eventsUntil(client, 1);
  for (let count = 0; count < 20; count++) await run.warn(`warning ${count}`);
  await run.changeState("PAUSED", "CANCELLED");
  for (const [index, client] of clients.entries()) {
    const events = await eventsUntil(client, 22);
    assert.deepEqual(sequencesOf(events), upTo(22).slice(1));
    assert.equal(events[5]?.message, "warning 5");
    assert.equal(events.at(-1)?.run.state, "CANCELLED");
    assert.deepEqual(await client.next(), { type: "complete", id: `s${index}` });
    await client[Symbol.asyncDispose]();
  }
});

test("one connection follows two runs at once with independent subscriptions", async () => {
  const [first, second] = [await openRun(), await openRun()];
  await using client = await SocketClient.connect(server.url, server.viewer.token);
  client.subscribe("first", EVENTS, { runId: first.runId });
  client.subscribe("second", EVENTS, { runId: second.runId });
  assert.deepEqual(
    new Set([(await client.next()).id, (await client.next()).id]),
    new Set(["first", "second"]),
  );
  client.send({ type: "complete", id: "first" });
  await first.warn("nobody listens");
  await second.warn("somebody does");
  const message = await client.next();
  assert.equal(message.id, "second");
  assert.equal((message.payload as EventPayload).data?.runEvents.message, "somebody does");
});

test("a subscriber that does not read for a while receives all events afterwards, in order", async () => {
  const run = await openRun();
  await using slow = await SocketClient.connect(server.url, server.viewer.token);
  slow.subscribe("1", EVENTS, { runId: run.runId });
  await eventsUntil(slow, 1);
  slow.read(false);
  // More than the server keeps in memory and the operating system buffers for a connection.
  const message = "x".repeat(20_000);
  for (let count = 0; count < 15; count++) await run.warn(message, 100);
  await using fast = await SocketClient.connect(server.url, server.viewer.token);
  fast.subscribe("1", EVENTS, { runId: run.runId });
  assert.deepEqual(sequencesOf(await eventsUntil(fast, 1_501)), upTo(1_501));
  slow.read(true);
  assert.deepEqual(sequencesOf(await eventsUntil(slow, 1_501)), upTo(1_501).slice(1));
  await run.warn("next");
  for (const client of [slow, fast]) assert.equal((await eventsUntil(client, 1_502)).length, 1);
});

test("a client that sends requests without reading the responses is disconnected", async () => {
  await using rude = await SocketClient.connect(server.url, server.viewer.token);
  rude.read(false);
  const payload = { text: "x".repeat(200_000) };
  for (let count = 0; count < 300; count++) rude.send({ type: "ping", payload });
  assert.equal((await rude.closed).code, 1006);
});

test("expected errors have a message and a code, and internal errors are masked", async () => {
  const { runId } = await openRun();
  await using client = await SocketClient.connect(server.url, server.viewer.token);
  for (const [variables, code] of [
    [{ runId: "run_00000000000000000000000000" }, "RUN_NOT_FOUND"],
    [{ runId, after: "soon" }, "CURSOR_INVALID"],
  ] as const) {
    client.subscribe(code, EVENTS, variables);
    const { payload } = await client.next();
    assert.deepEqual(
      (payload as EventPayload).errors?.map(({ extensions }) => extensions.code),
      [code],
    );
    assert.deepEqual(await client.next(), { type: "complete", id: code });
  }
});

test("subscriptions continue when the server's connections to the database break", async () => {
  const run = await openRun();
  await using client = await SocketClient.connect(server.url, server.viewer.token);
  client.subscribe("1", EVENTS, { runId: run.runId });
  await eventsUntil(client, 1);
  for (let round = 1; round <= 3; round++) {
    await rawSql(
      server.database,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await untilItWorks(() => run.warn(`round ${round}`));
    assert.deepEqual(sequencesOf(await eventsUntil(client, round + 1)), [round + 1]);
  }
  assert.ok(client.isOpen);
});

test("a connection ends when another server revokes its token, even if the notification was lost", async () => {
  const elsewhere = new AccessTokens(new AccessTokenStore(server.database));
  for (const isListening of [true, false]) {
    const { token, secret } = await elsewhere.create({ name: "bot", role: "VIEWER" });
    await using client = await SocketClient.connect(server.url, secret);
    await using other = await SocketClient.connect(server.url, server.viewer.token);
    if (!isListening) {
      await rawSql(
        server.database,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'espalier-notifier'`,
      );
    }
    await elsewhere.revoke(token.id);
    assert.deepEqual(await client.closed, { code: 4403, reason: "The access token was revoked." });
    assert.ok(other.isOpen);
  }
});

test("the number of connections is limited as configured, and they end when the server stops", async () => {
  await using stopping = await startTestServer({ ESPALIER_SOCKETS: "2" });
  const run = await openRun(stopping);
  const clients = [
    await SocketClient.connect(stopping.url, stopping.viewer.token),
    await SocketClient.connect(stopping.url, stopping.viewer.token),
  ];
  for (const client of clients) {
    client.subscribe("1", EVENTS, { runId: run.runId });
    await eventsUntil(client, 1);
  }
  const refused = Promise.withResolvers<string>();
  new WebSocket(socketUrl(stopping.url), "graphql-transport-ws").on("error", ({ message }) =>
    refused.resolve(message),
  );
  assert.match(await refused.promise, /503/);

  await stopping[Symbol.asyncDispose]();
  for (const client of clients) {
    // Not "complete": that would say that the run has ended. After 1001 clients come again with their cursor.
    assert.deepEqual(await client.closed, { code: 1001, reason: "The server stops." });
  }
  assert.deepEqual(stopping.errorLog, []);
});

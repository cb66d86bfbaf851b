import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { getIntrospectionQuery } from "graphql";
import { WebSocket } from "ws";
import { graphql } from "../../../src/client/generated/gql.js";
import type { ImageInput } from "../../../src/client/generated/graphql.js";
import { type AnswerError, socketUrl } from "../../testkit/api/graphql-client.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { insertTrainedRun } from "../../testkit/trained-run.js";

let server: TestServer;

before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const DEEP = `node(id: "run_1") { ... on Run ${"{ modelVersions { run ".repeat(9)} { id } ${"} }".repeat(9)} }`;
const ALIASES = Array.from({ length: 31 }, (_, index) => `a${index}: id`).join(" ");
const EXPENSIVE = "datasets(first: 200) { nodes { versions(first: 200) { nodes { id } } } }";
const TOKENS = "id ".repeat(4_001);

test("operations that exceed any limit are refused over HTTP", async () => {
  for (const [what, query] of [
    ["depth", `{ ${DEEP} }`],
    ["aliases", `{ run(id: "run_1") { ${ALIASES} } }`],
    ["cost", `{ ${EXPENSIVE} }`],
  ] as const) {
    const { status, errors } = await server.viewer.send(query);
    assert.equal(status, 400, what);
    assert.equal(errors?.[0]?.extensions.code, "QUERY_TOO_COMPLEX", what);
  }
  const tokens = await server.viewer.send(`{ run(id: "run_1") { ${TOKENS} } }`);
  assert.equal(tokens.errors?.[0]?.extensions.code, "GRAPHQL_PARSE_FAILED");
  const text = await server.viewer.send(`{ system { version } } #${" ".repeat(100_000)}`);
  assert.deepEqual([text.status, text.errors?.[0]?.extensions.code], [413, "QUERY_TOO_COMPLEX"]);
});

test("subscriptions that exceed a limit are refused over WebSocket with the same messages", async () => {
  const events = (inner: string): string => `subscription { runEvents(runId: "run_1") { ${inner} } }`;
  const deep = `run ${"{ modelVersions { run ".repeat(9)} { id } ${"} }".repeat(9)}`;
  const aliases = Array.from({ length: 31 }, (_, index) => `a${index}: cursor`).join(" ");
  const expensive =
    "run { experiment { runs(first: 200) { nodes { events(first: 200) { nodes { cursor } } } } } }";
  for (const [what, query, code] of [
    ["depth", events(deep), "QUERY_TOO_COMPLEX"],
    ["aliases", events(aliases), "QUERY_TOO_COMPLEX"],
    ["cost", events(expensive), "QUERY_TOO_COMPLEX"],
    ["tokens", events("cursor ".repeat(4_001)), "GRAPHQL_PARSE_FAILED"],
    ["text", `${events("cursor")} #${" ".repeat(100_000)}`, "QUERY_TOO_COMPLEX"],
    ["validity", events("nothing"), "GRAPHQL_VALIDATION_FAILED"],
    ["variables", "subscription S($id: ID!) { runEvents(runId: $id) { cursor } }", "BAD_USER_INPUT"],
  ] as const) {
    assert.equal(await refusalOf(query), code, what);
  }
});

test("only subscriptions are served over WebSocket", async () => {
  assert.equal(await refusalOf("{ system { version } }"), "ONLY_SUBSCRIPTIONS");
  const mutation = 'mutation { createExperiment(input: { name: "socket" }) { experiment { id } } }';
  assert.equal(await refusalOf(mutation), "ONLY_SUBSCRIPTIONS");
});

test("a subscription is not served over HTTP", async () => {
  const { data, errors } = await server.viewer.send('subscription { runEvents(runId: "run_1") { cursor } }');
  assert.ok(errors && !data);
});

test("the first query of a playground is served", async () => {
  await server.viewer.ask(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
});

const CLASSIFY = graphql(`mutation TransportsClassify($image: ImageInput!) {
  classify(input: { model: "m", images: [$image] }) { userErrors { code } }
}`);

test("a @oneOf input requires exactly one field", async () => {
  for (const image of [
    {},
    { base64: "x", uploadId: "upl_1" },
    { base64: null },
    { base64: "x", sampleId: null },
  ]) {
    const { status, data, errors } = await server.viewer.send(CLASSIFY, { image: image as ImageInput });
    assert.deepEqual([status, data], [400, undefined], JSON.stringify(image));
    assert.match(errors?.[0]?.message ?? "", /[Ee]xactly one|must be non-null/, JSON.stringify(image));
  }
  for (const literal of ["{}", '{ base64: "x", uploadId: "u" }', "{ base64: null }"]) {
    const query = `mutation { classify(input: { model: "m", images: [${literal}] }) { userErrors { code } } }`;
    assert.equal((await server.viewer.send(query)).status, 400, literal);
  }
  const { classify: refused } = await server.viewer.ask(CLASSIFY, { image: { base64: "x" } });
  assert.deepEqual(
    refused.userErrors.map(({ code }) => code),
    ["MODEL_VERSION_NOT_FOUND"],
  );
});

test("every invalid request gets a JSON error with a code", async () => {
  const json = { "content-type": "application/json" };
  const query = '{"query":"{ system { version } }"}';
  for (const [what, init, status, code] of [
    ["malformed JSON", { method: "POST", headers: json, body: "{" }, 400, "JSON_INVALID"],
    [
      "a form, as browsers send without asking",
      { method: "POST", headers: { "content-type": "text/plain" }, body: query },
      415,
      "CONTENT_TYPE_UNSUPPORTED",
    ],
    ["no content type", { method: "POST", body: new Blob([query]) }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["GET", { method: "GET" }, 405, "METHOD_NOT_ALLOWED"],
    ["a batch", { method: "POST", headers: json, body: `[${query}]` }, 400, "BAD_REQUEST"],
    ["nothing to do", { method: "POST", headers: json, body: "{}" }, 400, "BAD_REQUEST"],
    ["no object", { method: "POST", headers: json, body: "3" }, 400, null],
    [
      "too large a body",
      { method: "POST", headers: json, body: `{"query":"${" ".repeat(17 * 1024 * 1024)}"}` },
      413,
      "BODY_TOO_LARGE",
    ],
  ] as const) {
    const response = await server.viewer.fetch("/graphql", init);
    assert.equal(response.status, status, what);
    assert.match(response.headers.get("content-type") ?? "", /application\/json/, what);
    const { errors } = (await response.json()) as { errors: AnswerError[] };
    if (code !== null) assert.equal(errors[0]?.extensions.code, code, what);
  }
  const lost = await server.viewer.fetch("/nowhere");
  assert.equal(lost.status, 404);
  assert.equal(((await lost.json()) as { errors: AnswerError[] }).errors[0]?.extensions.code, "NOT_FOUND");
});

test("web pages of other origins and other host names are refused, also over WebSocket", async () => {
  const { port } = new URL(server.url);
  assert.equal(await statusOf({ host: "evil.example" }), 403);
  assert.equal(await statusOf({ origin: "http://evil.example" }), 403);
  assert.equal(await statusOf({ origin: `http://127.0.0.1:${port}` }), 200);
  assert.equal(await statusOf({ host: `localhost:${port}` }), 200);
  for (const headers of [{ host: "evil.example" }, { origin: "http://evil.example" }]) {
    assert.match(
      await failureOf(new WebSocket(socketUrl(server.url), "graphql-transport-ws", { headers })),
      /403/,
    );
  }
  assert.match(await failureOf(new WebSocket(`${socketUrl(server.url)}s`, "graphql-transport-ws")), /404/);
});

test("responses cannot be framed, sniffed or run, and the playground needs no other origin", async () => {
  for (const path of ["/healthz", "/graphql", "/nowhere", "/samples/x/image"]) {
    const { headers } = await server.anonymous.fetch(path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/, path);
    assert.equal(headers.get("x-powered-by"), null, path);
  }
  const home = await server.anonymous.fetch("/");
  assert.deepEqual([home.status, home.headers.get("location")], [302, "/playground/"]);
  const playground = await server.anonymous.fetch("/playground/");
  const policy = playground.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'self'; script-src 'self';/);
  assert.doesNotMatch(policy, /https?:|unsafe-eval/);
  // Whether the web build is there depends on who runs the tests; without it the answer says what to do.
  if (playground.status !== 200) assert.match(await playground.text(), /npx vite build/);
});

test("a connection that sends nothing, invalid messages or too much is closed", async () => {
  const open = (): WebSocket => new WebSocket(socketUrl(server.url), "graphql-transport-ws");
  const nonsense = open();
  nonsense.on("open", () => nonsense.send("nonsense"));
  assert.equal(await codeOf(nonsense), 4400);
  const large = open();
  large.on("open", () => large.send("x".repeat(300 * 1024)));
  assert.ok([1009, 4500, 1006].includes(await codeOf(large)));
  assert.equal(await codeOf(open()), 4408);
  assert.equal(await codeOf(new WebSocket(socketUrl(server.url))), 4406);
});

test("one connection may have 32 subscriptions", async () => {
  const { runId } = await insertPausedRun(server);
  const socket = new WebSocket(socketUrl(server.url), "graphql-transport-ws");
  const refused = Promise.withResolvers<{ id: string; code: string }>();
  socket.on("open", () =>
    socket.send(
      JSON.stringify({
        type: "connection_init",
        payload: { authorization: `Bearer ${server.viewer.token}` },
      }),
    ),
  );
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as {
      type: string;
      id: string;
      payload: { extensions: { code: string } }[];
    };
    if (message.type === "error")
      refused.resolve({ id: message.id, code: message.payload[0]?.extensions.code ?? "" });
    if (message.type !== "connection_ack") return;
    const payload = {
      query: "subscription S($id: ID!) { runEvents(runId: $id) { cursor } }",
      variables: { id: runId },
    };
    for (let id = 1; id <= 33; id++)
      socket.send(JSON.stringify({ type: "subscribe", id: String(id), payload }));
  });
  assert.deepEqual(await refused.promise, { id: "33", code: "TOO_MANY_SUBSCRIPTIONS" });
  socket.terminate();
});

/** A run that does not change: it is paused, and the trainer takes queued runs only. */
async function insertPausedRun({ database }: TestServer): Promise<{ runId: string }> {
  const { runId } = await insertTrainedRun(database);
  await rawSql(
    database,
    "update run set state = 'PAUSED', end_reason = null, ended_at = null where id = $1",
    [runId],
  );
  return { runId };
}

async function refusalOf(query: string): Promise<string | undefined> {
  try {
    for await (const { errors } of server.viewer.follow(query)) return errors?.[0]?.extensions.code;
  } catch (error) {
    return (error as AnswerError[])[0]?.extensions.code;
  }
  return undefined;
}

/** Status of /healthz with these headers, which fetch would not let be set. */
function statusOf(headers: Record<string, string>): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const sent = request(`${server.url}/healthz`, { headers }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.on("error", reject);
  sent.end();
  return promise;
}

function failureOf(socket: WebSocket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on("error", (error) => resolve(error.message));
  socket.on("open", () => reject(new Error("The connection was accepted.")));
  return promise;
}

function codeOf(socket: WebSocket): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on("error", () => {}); // The close that follows is what counts.
  socket.on("close", resolve);
  return promise;
}

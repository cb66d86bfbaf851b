import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  validate,
} from "graphql";
import { WebSocket } from "ws";
import { graphql } from "../../../src/client/generated/gql.js";
import { GraphqlClient, socketUrl } from "../../testkit/api/graphql-client.js";
import { operationsForEveryField } from "../../testkit/api/schema-walk.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";

const INTROSPECTION: TypedDocumentNode<IntrospectionQuery, Record<string, never>> = parse(
  getIntrospectionQuery({ oneOf: true }),
);

const CREATE_BOT = graphql(`mutation AccessCreateBot {
  createAccessToken(input: { name: "bot", role: VIEWER }) {
    secret
    token { id name role lastUsedAt }
    userErrors { code }
  }
}`);

const TOKENS = graphql(`query AccessTokens { accessTokens { id } }`);

const FORBIDDEN_EXPERIMENT = graphql(`query AccessForbiddenExperiment {
  experiment(name: "forbidden") { id }
}`);

let server: TestServer;
let schema: GraphQLSchema;

before(async () => {
  server = await startTestServer();
  schema = buildClientSchema(await server.viewer.ask(INTROSPECTION));
});
after(() => server[Symbol.asyncDispose]());

test("every field of the schema refuses anonymous requests and says how to authenticate", async () => {
  const operations = operationsForEveryField(schema);
  assert.ok(operations.length > 200, "the walk finds the whole schema");
  for (const { field, document, kind } of operations) {
    assert.deepEqual(validate(schema, parse(document)), [], `${field}: ${document}`);
    if (kind === "subscription") continue; // The next test.
    const answer = await server.anonymous.send(document);
    assert.equal(answer.status, 401, field);
    assert.equal(answer.data, undefined, field);
    assert.equal(answer.errors?.[0]?.extensions.code, "UNAUTHENTICATED", field);
    assert.match(answer.errors?.[0]?.message ?? "", /Authorization: Bearer esp_.*admin-token/s);
  }
});

test("introspection refuses anonymous requests and wrong or incomplete tokens", async () => {
  const secret = server.viewer.token ?? "";
  for (const token of [null, "", "esp_", secret.slice(0, -1), `${secret} x`, "esp_".padEnd(47, "A")]) {
    await using client = new GraphqlClient(server.url, token);
    assert.equal((await client.send(getIntrospectionQuery())).status, 401, String(token));
  }
  const basic = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`admin:${secret}`)}`, "content-type": "application/json" },
    body: '{"query":"{ system { version } }"}',
  });
  assert.equal(basic.status, 401);
});

test("a wrong token is refused with another message than a missing one", async () => {
  await using client = new GraphqlClient(server.url, "esp_wrong");
  const { errors } = await client.send("{ system { version } }");
  assert.equal(errors?.[0]?.extensions.code, "UNAUTHENTICATED");
  assert.match(errors?.[0]?.message ?? "", /^The access token of this request is unknown or revoked\./);
});

test("a WebSocket without a token is closed, and the reason says what is missing", async () => {
  for (const [message, expected] of [
    [{ type: "connection_init" }, /^An access token is needed/],
    [
      { type: "connection_init", payload: { authorization: "Bearer esp_wrong" } },
      /^The access token of this connection is unknown or revoked\.$/,
    ],
  ] as const) {
    const { code, reason } = await closingOf(message);
    assert.equal(code, 4403);
    assert.match(reason, expected);
  }
});

test("a WebSocket that subscribes before it was accepted is closed", async () => {
  const payload = { query: 'subscription { runEvents(runId: "run_1") { cursor } }' };
  assert.equal((await closingOf({ type: "subscribe", id: "1", payload })).code, 4401);
});

test("uploads and images refuse anonymous requests; health checks need no token", async () => {
  assert.equal((await server.anonymous.fetch("/uploads/upl_1", { method: "PUT", body: "x" })).status, 401);
  assert.equal((await server.anonymous.fetch("/samples/smp_1/image")).status, 401);
  assert.equal((await server.anonymous.fetch("/healthz")).status, 200);
  assert.equal((await server.anonymous.fetch("/readyz")).status, 200);
});

const NEEDED_ROLES: Record<string, "VIEWER" | "EDITOR" | "ADMIN"> = {
  createUpload: "EDITOR",
  importDataset: "EDITOR",
  createExperiment: "EDITOR",
  updateExperiment: "EDITOR",
  launchRun: "EDITOR",
  cancelRun: "EDITOR",
  exportModelVersion: "EDITOR",
  cancelExport: "EDITOR",
  pauseRun: "EDITOR",
  resumeRun: "EDITOR",
  retryRun: "EDITOR",
  extendRun: "EDITOR",
  deleteRun: "EDITOR",
  registerModelVersion: "EDITOR",
  setModelAlias: "EDITOR",
  classify: "VIEWER",
  createAccessToken: "ADMIN",
  revokeAccessToken: "ADMIN",
  accessTokens: "ADMIN",
};

test("each operation is allowed for its role and the roles above it", async () => {
  const roles = ["VIEWER", "EDITOR", "ADMIN"] as const;
  const clients = { VIEWER: server.viewer, EDITOR: server.editor, ADMIN: server.admin };
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  assert.deepEqual(
    mutations.filter((name) => NEEDED_ROLES[name] === undefined),
    [],
  );

  for (const { field, document, kind } of operationsForEveryField(schema)) {
    const [type, name = ""] = field.split(".");
    if (type !== "Query" && type !== "Mutation") continue;
    if (kind === "subscription") continue;
    const needed = NEEDED_ROLES[name] ?? "VIEWER";
    for (const role of roles) {
      // Allowed mutations are not run: this test is about refusals.
      if (roles.indexOf(role) >= roles.indexOf(needed) && type === "Mutation") continue;
      const codes =
        (await clients[role].send(document)).errors?.map(({ extensions }) => extensions.code) ?? [];
      const allowed = roles.indexOf(role) >= roles.indexOf(needed);
      assert.equal(codes.includes("FORBIDDEN"), !allowed, `${role} ${field}`);
    }
  }
});

test("a caller with a lower role is told the required one, and nothing changes", async () => {
  const mutation = 'mutation { createExperiment(input: { name: "forbidden" }) { experiment { id } } }';
  const { data, errors } = await server.viewer.send(mutation);
  assert.equal(data, null);
  assert.match(errors?.[0]?.message ?? "", /EDITOR.*VIEWER/);
  const { experiment } = await server.viewer.ask(FORBIDDEN_EXPERIMENT);
  assert.equal(experiment, null);
  assert.equal((await server.viewer.fetch("/uploads/upl_1", { method: "PUT", body: "x" })).status, 403);
});

test("an admin creates a token, whose secret is shown once, and revokes it with immediate effect", async () => {
  const { createAccessToken } = await server.admin.ask(CREATE_BOT);
  const { secret, token } = createAccessToken;
  assert.ok(secret !== null && token !== null);
  assert.deepEqual(token, { id: token.id, name: "bot", role: "VIEWER", lastUsedAt: null });
  await using bot = new GraphqlClient(server.url, secret);
  await bot.ask("{ system { version } }");
  const listed = JSON.stringify(
    await server.admin.ask("{ accessTokens { id name role createdAt lastUsedAt revokedAt } }"),
  );
  assert.ok(listed.includes(token.id) && !listed.includes(secret));

  await server.admin.ask(
    "mutation Revoke($id: ID!) { revokeAccessToken(input: { id: $id }) { userErrors { code } } }",
    { id: token.id },
  );
  assert.equal((await bot.send("{ system { version } }")).status, 401);
});

test("only admins can read tokens as nodes", async () => {
  const { accessTokens } = await server.admin.ask(TOKENS);
  const id = accessTokens[0]?.id;
  const query = "query Node($id: ID!) { node(id: $id) { __typename id } }";
  assert.deepEqual(await server.admin.ask(query, { id }), { node: { __typename: "AccessToken", id } });
  assert.equal((await server.editor.send(query, { id })).errors?.[0]?.extensions.code, "FORBIDDEN");
});

test("a connection ends when its token is revoked", async () => {
  const watcher = await server.newClient("VIEWER");
  const tokenId = (await server.services.accessTokens.authenticate(watcher.token ?? ""))?.tokenId ?? "";
  const socket = new WebSocket(socketUrl(server.url), "graphql-transport-ws");
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  socket.on("close", (code, reason) => closed.resolve({ code, reason: String(reason) }));
  const admitted = Promise.withResolvers<void>();
  socket.on("message", () => admitted.resolve());
  socket.on("open", () => {
    const payload = { authorization: `Bearer ${watcher.token}` };
    socket.send(JSON.stringify({ type: "connection_init", payload }));
  });
  await admitted.promise;
  await server.services.accessTokens.revoke(tokenId);
  assert.deepEqual(await closed.promise, { code: 4403, reason: "The access token was revoked." });
});

test("the admin token of the first start works and is readable by its owner only", async () => {
  const file = path.join(server.homeFolder, "admin-token");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await using admin = new GraphqlClient(server.url, (await readFile(file, "utf8")).trim());
  await admin.ask("{ accessTokens { id } }");
});

/** How the server closes a connection that begins with this message. */
function closingOf(message: object): Promise<{ code: number; reason: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; reason: string }>();
  const socket = new WebSocket(socketUrl(server.url), "graphql-transport-ws");
  socket.on("open", () => socket.send(JSON.stringify(message)));
  socket.on("error", reject);
  socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
  return promise;
}

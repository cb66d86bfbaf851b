import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { WebSocket } from "ws";
import { startApiServer } from "../../../src/api/server.js";
import { AppError } from "../../../src/core/app-error.js";
import { parseConfig } from "../../../src/core/config.js";
import { socketUrl } from "../../testkit/api/graphql-client.js";
import { startTestServer } from "../../testkit/api/server.js";

test("a stopping server notifies its subscribers, finishes its requests and frees its port", async () => {
  await using product = await startTestServer();
  // A second one over the same services, so that stopping it leaves those in place.
  const server = await startApiServer(product.services, parseConfig({ ESPALIER_PORT: "0" }));
  const socket = new WebSocket(socketUrl(server.url), "graphql-transport-ws");
  const closed = Promise.withResolvers<number>();
  socket.on("close", (code) => closed.resolve(code));
  const admitted = Promise.withResolvers<void>();
  socket.on("message", () => admitted.resolve());
  socket.on("open", () =>
    socket.send(
      JSON.stringify({
        type: "connection_init",
        payload: { authorization: `Bearer ${product.viewer.token}` },
      }),
    ),
  );
  await admitted.promise;
  const asked = await beginQuery(server.url, product.viewer.token ?? "");
  const stopped = server[Symbol.asyncDispose]();
  assert.equal(await closed.promise, 1001);
  assert.deepEqual(await asked.finish(), { status: 200, body: { data: { experiments: { nodes: [] } } } });
  await stopped;
  await assert.rejects(fetch(`${server.url}/healthz`));
});

test("the error of a port in use names the port and what to do", async () => {
  await using product = await startTestServer();
  const config = parseConfig({ ESPALIER_PORT: new URL(product.url).port });
  await assert.rejects(
    startApiServer(product.services, config),
    (error) =>
      error instanceof AppError && error.code === "PORT_IN_USE" && /ESPALIER_PORT/.test(error.message),
  );
});

interface BegunQuery {
  /** Sends the rest of it. */
  finish(): Promise<{ status: number | undefined; body: unknown }>;
}

/** Sends a query without its end, and resolves once the server has begun to read it. */
async function beginQuery(url: string, token: string): Promise<BegunQuery> {
  const query = JSON.stringify({ query: "{ experiments { nodes { id } } }" });
  const headers = {
    "content-type": "application/json",
    "content-length": query.length,
    authorization: `Bearer ${token}`,
    expect: "100-continue",
  };
  const sent = request(`${url}/graphql`, { method: "POST", headers });
  const answer = once(sent, "response");
  sent.flushHeaders();
  await once(sent, "continue");
  sent.write(query.slice(0, 10));
  return {
    async finish() {
      sent.end(query.slice(10));
      const [response] = (await answer) as [IncomingMessage];
      return { status: response.statusCode, body: await json(response) };
    },
  };
}

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import express, { type Express } from "express";
import { jsonErrors } from "../../../src/api/http/json-errors.js";
import { pathCheck } from "../../../src/api/http/path-check.js";
import { playgroundRoute } from "../../../src/api/http/playground-route.js";
import { requestTimeout } from "../../../src/api/http/request-timeout.js";
import { createLog } from "../../../src/telemetry/log.js";

test("a request that takes too long gets a timeout error", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const app = express().use(requestTimeout(30), async () => never);
  await withServer(app, async (url) => {
    const response = await fetch(url);
    assert.equal(response.status, 504);
    assert.equal(codeOf(await response.json()), "TIMEOUT");
  });
});

test("a failing route responds with an id that is in the log", async () => {
  const lines: string[] = [];
  const app = express()
    .get("/", () => {
      throw new Error("ENOENT: /home/someone/secret");
    })
    .use(jsonErrors(createLog("error", { write: (line) => lines.push(line) })));
  await withServer(app, async (url) => {
    const response = await fetch(url);
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.equal(codeOf(JSON.parse(text)), "INTERNAL");
    assert.doesNotMatch(text, /ENOENT|secret|\.js/);
    assert.match(lines.join(""), /ENOENT/);
  });
});

test("a failing route responds although the body of the request was read to its end", async () => {
  const app = express()
    .post("/", express.json(), () => {
      throw new Error("a fault");
    })
    .use(jsonErrors(createLog("silent")));
  await withServer(app, async (url) => {
    const response = await fetch(url, { ...JSON_BODY, body: "{}" });
    assert.deepEqual([response.status, codeOf(await response.json())], [500, "INTERNAL"]);
  });
});

test("a damaged compressed body is refused", async () => {
  const app = express()
    .post("/", express.json())
    .use(jsonErrors(createLog("silent")));
  await withServer(app, async (url) => {
    for (const encoding of ["gzip", "deflate", "br"]) {
      const headers = { ...JSON_BODY.headers, "content-encoding": encoding };
      const response = await fetch(url, { ...JSON_BODY, headers, body: "not compressed" });
      assert.deepEqual([response.status, codeOf(await response.json())], [400, "BAD_REQUEST"], encoding);
    }
  });
});

test("a path that is not percent-encoded text is refused", async () => {
  const app = express()
    .use(pathCheck)
    .use((_request, response) => void response.json({}))
    .use(jsonErrors(createLog("silent")));
  await withServer(app, async (url) => {
    for (const path of ["/a%00b", "/%zz", "/%ff", "/%ed%a0%80"]) {
      const response = await fetch(url + path);
      assert.deepEqual([response.status, codeOf(await response.json())], [400, "BAD_REQUEST"], path);
    }
    assert.equal((await fetch(`${url}/%C3%A9%20`)).status, 200);
  });
});

test("the error of a missing playground says how to build it", async () => {
  const app = express()
    .use(playgroundRoute("/nowhere/at/all"))
    .use(jsonErrors(createLog("silent")));
  await withServer(app, async (url) => {
    for (const path of ["/playground/", "/playground/assets/x.js"]) {
      const response = await fetch(url + path);
      assert.equal(response.status, 503);
      assert.match(await response.text(), /npx vite build src\/web/);
    }
  });
});

const JSON_BODY = { method: "POST", headers: { "content-type": "application/json" } };

async function withServer(app: Express, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function codeOf(answer: unknown): string | undefined {
  return (answer as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code;
}

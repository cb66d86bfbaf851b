import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { buffer, text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTestDatabase, type TestDatabase } from "../../testkit/postgres/database.js";

const MAIN = fileURLToPath(import.meta.resolve("../../../src/cli/main.js"));
let home: string;
let database: TestDatabase;

before(async () => {
  home = await mkdtemp(path.join(tmpdir(), "espalier-serve-"));
  database = await createTestDatabase();
});

after(async () => {
  await database[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

function startServer(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): ChildProcessWithoutNullStreams {
  const own = { ESPALIER_HOME: home, ESPALIER_PORT: "0", DATABASE_URL: database.url };
  const env = { ...process.env, ...own, ...environment };
  return spawn(process.execPath, [MAIN, "serve", ...args], { env });
}

test("a server reports its URL, answers there, and stops when the program that started it ends", async () => {
  const server = startServer({}, "--json-ready");
  const errors = buffer(server.stderr);
  const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  const { url, adminTokenFile } = JSON.parse(line) as { url: string; adminTokenFile: string };
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${(await readFile(adminTokenFile, "utf8")).trim()}`,
    },
    body: JSON.stringify({ query: "{ system { engine { status } } }" }),
  });
  assert.deepEqual(await response.json(), { data: { system: { engine: { status: "READY" } } } });

  server.stdin.end(); // As when that program ends.
  assert.deepEqual(await once(server, "close"), [0, null], String(await errors));
});

test("a server that cannot start ends with the reason, although its standard input stays open", async () => {
  await using other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const server = startServer({ ESPALIER_PORT: String(port) }, "--json-ready");
  const errors = text(server.stderr);
  assert.deepEqual(await once(server, "close"), [1, null]);
  assert.match(await errors, /PORT_IN_USE/);
});

test("SIGTERM stops a server that was started by hand", async () => {
  const server = startServer({});
  const errors = buffer(server.stderr);
  for await (const said of createInterface({ input: server.stderr })) {
    if (said.startsWith("Playground")) break;
  }
  server.kill("SIGTERM");
  assert.deepEqual(await once(server, "close"), [0, null], String(await errors));
});

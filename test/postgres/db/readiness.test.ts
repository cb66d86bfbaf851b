import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import express from "express";
import { healthRoutes } from "../../../src/api/http/health-routes.js";
import { Database } from "../../../src/db/database.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { DatabaseLink } from "../../testkit/postgres/database-link.js";
import { becomeReadOnly } from "../../testkit/postgres/read-only.js";

test("/readyz says at once whether the database answers and accepts writes", async () => {
  await using testDatabase = await createTestDatabase();
  await using link = await DatabaseLink.open(testDatabase.url);
  await using database = await Database.open(link.url, testLog);
  await using server = await serveHealth(database);
  const ask = async () => {
    const [ready, alive] = await Promise.all(
      ["readyz", "healthz"].map((path) => fetch(`${server.url}/${path}`)),
    );
    assert.equal(alive?.status, 200);
    return { status: ready?.status, body: await ready?.json() };
  };
  assert.deepEqual(await ask(), { status: 200, body: { status: "ready" } });

  await becomeReadOnly(testDatabase.url, true);
  assert.deepEqual(await ask(), {
    status: 503,
    body: {
      status: "unavailable",
      code: "DATABASE_READ_ONLY",
      reason: "The database is read-only: it accepts no changes.",
    },
  });
  await becomeReadOnly(testDatabase.url, false);
  assert.equal((await ask()).status, 200);

  for (const behavior of ["cut", "silent"] as const) {
    link.become(behavior);
    assert.deepEqual(await ask(), {
      status: 503,
      body: {
        status: "unavailable",
        code: "DATABASE_UNREACHABLE",
        reason: "The database does not respond.",
      },
    });
  }
  link.become("cut");
  link.become("open");
  assert.equal((await ask()).status, 200);
});

async function serveHealth(database: Database): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(express().use(healthRoutes(database, testLog)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

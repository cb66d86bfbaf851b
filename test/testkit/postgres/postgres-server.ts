import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../../../src/db/embedded/embedded-postgres.js";
import { createLog } from "../../../src/telemetry/log.js";

/** The data of tests need not survive a crash, so that the server does not wait for the disk. */
const THROW_AWAY = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
};

/** Starts a real PostgreSQL in a temporary folder. Disposing stops it and removes the folder. */
export async function startTestPostgres(): Promise<{ url: string } & AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-test-postgres-"));
  const server = await startEmbeddedPostgres(folder, createLog("warn"), THROW_AWAY);
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

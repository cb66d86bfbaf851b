import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Config } from "../core/config.js";
import { startEmbeddedPostgres } from "../db/embedded/embedded-postgres.js";
import * as drift from "../db/migrations/migration-drift.js";
import { createLog, type Log } from "../telemetry/log.js";

export { emitReleasedSchema, emitSchema } from "../api/schema.js";
export { provideNativeLibrary } from "../engine/native-library.js";

/** Returns the SQL that `prisma/schema.prisma` asks for and no migration makes; null when they agree. */
export async function migrationDrift(config: Config): Promise<string | null> {
  const log = createLog(config.logLevel);
  await using postgres = await provideScratchPostgres(config, log);
  return await drift.migrationDrift(postgres.url, log);
}

/** Writes the next migration and returns its folder; null when there is nothing to migrate. */
export async function authorMigration(config: Config, intent: string): Promise<string | null> {
  const log = createLog(config.logLevel);
  await using postgres = await provideScratchPostgres(config, log);
  return await drift.authorMigration(intent, postgres.url, log);
}

/**
 * The PostgreSQL of `DATABASE_URL`, or when unset an embedded one in a temporary folder: a server may be running on
 * the one in the home folder.
 */
async function provideScratchPostgres(
  config: Config,
  log: Log,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-scratch-"));
  const server = await startEmbeddedPostgres(folder, log, { fsync: "off" });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import type { Config } from "../core/config.js";
import * as drift from "../db/migration-drift.js";
import { createLog } from "../telemetry/log.js";
import { providePostgres } from "./postgres.js";

export { emitSchema } from "../api/schema.js";
export { provideNativeLibrary } from "../engine/native-library.js";

/** SQL that `prisma/schema.prisma` asks for and no migration brings; null when they agree. */
export async function migrationDrift(config: Config): Promise<string | null> {
  const log = createLog(config.logLevel);
  await using postgres = await providePostgres(config, log);
  return await drift.migrationDrift(postgres.url, log);
}

/** Writes the next migration and returns its folder; null when there is nothing to migrate. */
export async function authorMigration(config: Config, intent: string): Promise<string | null> {
  const log = createLog(config.logLevel);
  await using postgres = await providePostgres(config, log);
  return await drift.authorMigration(intent, postgres.url, log);
}

import path from "node:path";
import type { Config } from "../core/config.js";
import { startEmbeddedPostgres } from "../db/embedded/embedded-postgres.js";
import type { Log } from "../telemetry/log.js";

/** The PostgreSQL of `DATABASE_URL`, or when unset an embedded one in the home folder. */
export async function providePostgres(
  config: Config,
  log: Log,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (config.databaseUrl === null) {
    return startEmbeddedPostgres(path.join(config.homeFolder, "postgres"), log);
  }
  return { url: config.databaseUrl, async [Symbol.asyncDispose]() {} };
}

import path from "node:path";
import { AppError, hasCode } from "../core/app-error.js";
import type { Config } from "../core/config.js";
import { startEmbeddedPostgres } from "../db/embedded/embedded-postgres.js";
import type { Log } from "../telemetry/log.js";

/**
 * The PostgreSQL of `DATABASE_URL`, or when unset an embedded one in the home folder.
 *
 * @throws AppError `HOME_IN_USE`, and what `startEmbeddedPostgres` throws
 */
export async function providePostgres(
  config: Config,
  log: Log,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, async [Symbol.asyncDispose]() {} };
  try {
    return await startEmbeddedPostgres(path.join(config.homeFolder, "postgres"), log);
  } catch (cause) {
    if (!hasCode(cause, "HOME_IN_USE")) throw cause;
    throw new AppError(
      "HOME_IN_USE",
      `Another Espalier is running on the home folder ${config.homeFolder}. Stop it first, or set ESPALIER_HOME to ` +
        "another folder.",
      { cause },
    );
  }
}

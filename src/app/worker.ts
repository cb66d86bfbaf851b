import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { Config } from "../core/config.js";
import { Database } from "../db/database.js";
import { applyMigrations } from "../db/migrations/apply-migrations.js";
import { EngineHost } from "../engine/engine-host.js";
import { provideNativeLibrary } from "../engine/native-library.js";
import { OwnedResources } from "../lang/owned-resources.js";
import type { StartOptions } from "./espalier.js";
import { provideHomeFolder } from "./home-folder.js";
import { composeTraining } from "./training.js";

/** A process that only trains runs. Disposing stops it; a run that is training continues in another worker. */
export interface Worker extends AsyncDisposable {
  /** The name of the device that it trains on. */
  readonly device: string;
}

/**
 * Starts a worker for a server's database and home folder, which may be on another machine.
 *
 * @throws AppError `WORKER_NEEDS_DATABASE`, or another one that says what is missing, why and what to do
 */
export async function startWorker(config: Config, { log, progress }: StartOptions): Promise<Worker> {
  const { databaseUrl, homeFolder, threads } = config;
  if (databaseUrl === null) {
    throw new AppError(
      "WORKER_NEEDS_DATABASE",
      "A worker takes its runs from the database of a server. Set DATABASE_URL to the server's database, and ESPALIER_HOME " +
        "to the server's home folder. DATABASE_URL is not set: the embedded PostgreSQL is for the server alone.",
    );
  }
  await provideHomeFolder(homeFolder);
  await using starting = new OwnedResources();
  const nativeLibrary = await provideNativeLibrary(config, progress);
  await applyMigrations(databaseUrl, log);
  const database = starting.own(await Database.open(databaseUrl, log));
  const engine = await EngineHost.start({
    nativeLibrary,
    threads,
    workFolder: path.join(homeFolder, "engine", `worker-${process.pid}`),
    log: log.child({ engine: "training" }),
  });
  starting.defer(() => engine[Symbol.asyncDispose]());
  const { trainer } = await composeTraining({
    config,
    log,
    database,
    registryEngine: engine,
    openTrainingEngine: async () => engine,
  });
  starting.own(trainer);
  await trainer.start();
  // The first thing that a stop does: nothing waits for a database that is away.
  starting.defer(async () => database.hurry());
  const running = starting.move();
  return { device: trainer.device, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

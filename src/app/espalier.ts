import path from "node:path";
import type { AdminToken } from "../access/access-tokens.js";
import type { ApiServices } from "../api/api-services.js";
import type { Config } from "../core/config.js";
import { Database } from "../db/database.js";
import { applyMigrations } from "../db/migrations/apply-migrations.js";
import { EngineHost } from "../engine/engine-host.js";
import { provideNativeLibrary } from "../engine/native-library.js";
import { OwnedResources } from "../lang/owned-resources.js";
import type { Log } from "../telemetry/log.js";
import { provideHomeFolder } from "./home-folder.js";
import { providePostgres } from "./postgres.js";

/** A running server. Disposing stops it; a run that is training continues at the next start. */
export interface Espalier extends AsyncDisposable {
  /** The base URL without a slash at its end, for example "http://127.0.0.1:4000". */
  readonly url: string;
  readonly adminToken: AdminToken;
  readonly services: ApiServices;
}

export interface StartOptions {
  readonly log: Log;
  /** Receives lines for a person while a step takes long. */
  readonly progress: (line: string) => void;
}

/**
 * Starts all parts of the server in the order of their dependencies, and resolves when the API listens.
 *
 * @throws AppError that says what is missing, why and what to do; then nothing is left running
 */
export async function startEspalier(config: Config, { log, progress }: StartOptions): Promise<Espalier> {
  await provideHomeFolder(config.homeFolder);
  await using starting = new OwnedResources();
  const nativeLibrary = await provideNativeLibrary(config, progress);
  const openEngine = (purpose: string): Promise<EngineHost> =>
    EngineHost.start({
      nativeLibrary,
      threads: config.threads,
      workFolder: path.join(config.homeFolder, "engine", purpose),
      log: log.child({ engine: purpose }),
    });

  // TensorFlow loads in its own thread while this thread loads the API and PostgreSQL starts.
  const serving = openEngine("serving");
  starting.defer(async () => {
    const engine = await serving.catch(() => null);
    await engine?.[Symbol.asyncDispose]();
  });
  const [postgres, { composeServices }, { startApiServer }] = await Promise.all([
    providePostgres(config, log).then((postgres) => starting.own(postgres)),
    import("./services.js"),
    import("../api/server.js"),
  ]);
  await applyMigrations(postgres.url, log);
  const database = starting.own(await Database.open(postgres.url, log));

  const { services, trainer, models } = await composeServices({
    config,
    log,
    database,
    addonFile: nativeLibrary.addonFile,
    servingEngine: await serving,
    openTrainingEngine: () => openEngine("training"),
  });
  starting.own(models);
  starting.own(services.importer);
  starting.own(services.exporter);
  starting.own(services.modelComparer);
  starting.own(services.augmentationPreview);
  starting.own(trainer);
  const adminToken = await services.accessTokens.ensureAdminToken(config.homeFolder);

  // Unfinished work of a process that died is completed or removed before clients can see it.
  await services.registry.recover();
  await services.importer.recover();
  await services.exporter.recover();
  await services.modelComparer.recover();
  await services.deletion.recover();
  await trainer.start({ takesRuns: config.worker.serverTrains });
  const { url } = starting.own(await startApiServer(services, config));
  // The first thing that a stop does: nothing waits for a database that is away.
  starting.defer(async () => database.hurry());

  const running = starting.move();
  return { url, adminToken, services, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

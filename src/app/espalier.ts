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
import { providePostgres } from "./postgres.js";

/** A server that listens, trains and answers. Disposing stops it; a run at work goes on at the next start. */
export interface Espalier extends AsyncDisposable {
  /** Without a trailing slash, for example "http://127.0.0.1:4000". */
  readonly url: string;
  readonly adminToken: AdminToken;
  readonly services: ApiServices;
}

export interface StartOptions {
  readonly log: Log;
  /** Called with lines for a person to read while something takes long. */
  readonly progress: (line: string) => void;
}

/**
 * Starts everything, in the order in which parts need each other, and resolves when the API listens.
 *
 * @throws AppError that says what cannot be had, why and what to do; nothing is left running then
 */
export async function startEspalier(config: Config, { log, progress }: StartOptions): Promise<Espalier> {
  await using starting = new OwnedResources();
  const nativeLibrary = await provideNativeLibrary(config, progress);
  const openEngine = (purpose: string): Promise<EngineHost> =>
    EngineHost.start({
      nativeLibrary,
      threads: config.threads,
      workFolder: path.join(config.homeFolder, "engine", purpose),
      log: log.child({ engine: purpose }),
    });

  // TensorFlow loads in its thread while this one loads the API and Postgres starts.
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
    servingEngine: await serving,
    openTrainingEngine: () => openEngine("training"),
  });
  starting.own(models);
  starting.own(services.importer);
  starting.own(services.augmentationPreview);
  starting.own(trainer);
  const adminToken = await services.accessTokens.ensureAdminToken(config.homeFolder);

  // What a dead process left half done is finished or swept before anybody can see it.
  await services.registry.recover();
  await services.importer.recover();
  await services.deletion.recover();
  await trainer.start({ takesRuns: config.worker.serverTrains });
  const { url } = starting.own(await startApiServer(services, config));

  const running = starting.move();
  return { url, adminToken, services, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

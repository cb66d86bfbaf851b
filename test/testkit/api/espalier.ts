import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiServices } from "../../../src/api/api-services.js";
import { startEspalier } from "../../../src/app/espalier.js";
import { ApiClient } from "../../../src/client/api-client.js";
import { parseConfig } from "../../../src/core/config.js";
import type { Database } from "../../../src/db/database.js";
import { OwnedResources } from "../../../src/lang/owned-resources.js";
import type { Log } from "../../../src/telemetry/log.js";
import { createTestDatabase, testLog } from "../postgres/database.js";

export interface TestEspalier extends AsyncDisposable {
  readonly url: string;
  readonly homeFolder: string;
  readonly adminToken: string;
  readonly services: ApiServices;
  /** The database of the server, over other connections. */
  readonly database: Database;
  readonly api: ApiClient;
}

/**
 * Starts the whole product in this process, with a new database, a new home folder and a free port.
 *
 * @param environment further environment variables
 */
export async function startTestEspalier(
  environment: NodeJS.ProcessEnv = {},
  log: Log = testLog,
): Promise<TestEspalier> {
  await using starting = new OwnedResources();
  const { database, url: databaseUrl } = starting.own(await createTestDatabase());
  const homeFolder = await mkdtemp(path.join(tmpdir(), "espalier-test-home-"));
  starting.defer(() => rm(homeFolder, { recursive: true, force: true }));
  const config = parseConfig({
    ...process.env,
    ESPALIER_HOME: homeFolder,
    ESPALIER_PORT: "0",
    DATABASE_URL: databaseUrl,
    ...environment,
  });
  const { url, adminToken, services } = starting.own(
    await startEspalier(config, { log, progress: () => {} }),
  );
  const api = starting.own(new ApiClient(url, adminToken.secret));
  const owned = starting.move();
  return {
    url,
    homeFolder,
    adminToken: adminToken.secret,
    services,
    database,
    api,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ApiClient } from "../../demo/api-client.js";
import { startEspalier } from "../../src/app/espalier.js";
import { parseConfig } from "../../src/core/config.js";
import { OwnedResources } from "../../src/core/owned-resources.js";
import { createTestDatabase, testLog } from "./database.js";

export interface TestEspalier extends AsyncDisposable {
  readonly url: string;
  readonly adminToken: string;
  readonly api: ApiClient;
}

/** The whole product in this process: a database and a home folder of its own, a port of the system's choice. */
export async function startTestEspalier(): Promise<TestEspalier> {
  await using stack = new OwnedResources();
  const database = stack.own(await createTestDatabase());
  const home = await mkdtemp(path.join(tmpdir(), "espalier-test-home-"));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const config = parseConfig({
    ...process.env,
    ESPALIER_HOME: home,
    ESPALIER_PORT: "0",
    DATABASE_URL: database.url,
  });
  const espalier = stack.own(await startEspalier(config, { log: testLog, progress: () => {} }));
  const api = stack.own(new ApiClient(espalier.url, espalier.adminToken.secret));
  const owned = stack.move();
  return {
    url: espalier.url,
    adminToken: espalier.adminToken.secret,
    api,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

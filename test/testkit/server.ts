import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiServices } from "../../src/api/api-services.js";
import { startEspalier } from "../../src/app/espalier.js";
import { parseConfig } from "../../src/core/config.js";
import type { Role } from "../../src/core/enumerations.js";
import type { Database } from "../../src/db/database.js";
import { createLog } from "../../src/telemetry/log.js";
import { createTestDatabase } from "./database.js";
import { GraphqlClient } from "./graphql-client.js";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly homeFolder: string;
  readonly services: ApiServices;
  /** The server's own database, over connections of the test's. */
  readonly database: Database;
  readonly admin: GraphqlClient;
  readonly editor: GraphqlClient;
  readonly viewer: GraphqlClient;
  readonly anonymous: GraphqlClient;
  /** Lines that the server logged with severity error. */
  readonly errorLog: readonly string[];
  /** A client with a new token of that role. */
  newClient(role: Role): Promise<GraphqlClient>;
}

/** The whole product in this process, with clients of each role: a database and a home folder of its own. */
export async function startTestServer(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  await using stack = new AsyncDisposableStack();
  const { database, url: databaseUrl } = stack.use(await createTestDatabase());
  const homeFolder = await mkdtemp(path.join(tmpdir(), "espalier-test-server-"));
  stack.defer(() => rm(homeFolder, { recursive: true, force: true }));
  const config = parseConfig({
    ...process.env,
    ESPALIER_HOME: homeFolder,
    ESPALIER_PORT: "0",
    DATABASE_URL: databaseUrl,
    ...environment,
  });
  const errorLog: string[] = [];
  const log = createLog("error", (line) => errorLog.push(line));
  const espalier = stack.use(await startEspalier(config, { log, progress: () => {} }));

  const { accessTokens } = espalier.services;
  const newClient = async (role: Role): Promise<GraphqlClient> => {
    const { secret } = await accessTokens.create({ name: role.toLowerCase(), role });
    return clients.use(new GraphqlClient(espalier.url, secret));
  };
  const clients = stack.use(new AsyncDisposableStack());
  const [admin, editor, viewer] = await Promise.all([
    newClient("ADMIN"),
    newClient("EDITOR"),
    newClient("VIEWER"),
  ]);
  const anonymous = clients.use(new GraphqlClient(espalier.url, null));

  const owned = stack.move();
  return {
    url: espalier.url,
    homeFolder,
    services: espalier.services,
    database,
    admin,
    editor,
    viewer,
    anonymous,
    errorLog,
    newClient,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

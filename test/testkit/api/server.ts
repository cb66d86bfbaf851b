import type { Role } from "../../../src/core/enumerations.js";
import { OwnedResources } from "../../../src/lang/owned-resources.js";
import { createLog } from "../../../src/telemetry/log.js";
import { startTestEspalier, type TestEspalier } from "./espalier.js";
import { GraphqlClient } from "./graphql-client.js";

export interface TestServer extends Omit<TestEspalier, "api" | "adminToken"> {
  readonly admin: GraphqlClient;
  readonly editor: GraphqlClient;
  readonly viewer: GraphqlClient;
  readonly anonymous: GraphqlClient;
  /** The lines that the server logged at the level error. */
  readonly errorLog: readonly string[];
  /** Creates a token with the role and returns a client that sends it. */
  newClient(role: Role): Promise<GraphqlClient>;
}

/** Starts the whole product in this process, with a client for each role. */
export async function startTestServer(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  await using starting = new OwnedResources();
  const errorLog: string[] = [];
  const log = createLog("error", { write: (line) => errorLog.push(line) });
  const espalier = starting.own(await startTestEspalier(environment, log));

  const clients = starting.own(new OwnedResources());
  const newClient = async (role: Role): Promise<GraphqlClient> => {
    const { secret } = await espalier.services.accessTokens.create({ name: role.toLowerCase(), role });
    return clients.own(new GraphqlClient(espalier.url, secret));
  };
  const [admin, editor, viewer] = await Promise.all([
    newClient("ADMIN"),
    newClient("EDITOR"),
    newClient("VIEWER"),
  ]);
  const anonymous = clients.own(new GraphqlClient(espalier.url, null));

  const owned = starting.move();
  return {
    ...espalier,
    admin,
    editor,
    viewer,
    anonymous,
    errorLog,
    newClient,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

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
  /** Lines that the server logged with severity error. */
  readonly errorLog: readonly string[];
  /** A client with a new token of that role. */
  newClient(role: Role): Promise<GraphqlClient>;
}

/** The whole product in this process, with clients of each role. */
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

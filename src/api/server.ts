import "reflect-metadata";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import express from "express";
import type { Caller } from "../access/caller.js";
import { AppError } from "../core/app-error.js";
import type { Config } from "../core/config.js";
import { productVersion } from "../lang/package-version.js";
import { projectRoot } from "../lang/project-root.js";
import { systemCodeOf } from "../lang/system-errors.js";
import type { ApiServices } from "./api-services.js";
import { artifactRoute } from "./http/artifact-route.js";
import { augmentationRoute } from "./http/augmentation-route.js";
import { Authentication } from "./http/authentication.js";
import { exportRoute } from "./http/export-route.js";
import { createGraphqlServer, graphqlRoute } from "./http/graphql-route.js";
import { healthRoutes } from "./http/health-routes.js";
import { hostCheck, isLoopback } from "./http/host-check.js";
import { jsonErrors } from "./http/json-errors.js";
import { modelArchiveRoute } from "./http/model-archive-route.js";
import { pathCheck } from "./http/path-check.js";
import { playgroundRoute } from "./http/playground-route.js";
import { predictionsRoute } from "./http/predictions-route.js";
import { sampleImageRoute } from "./http/sample-image-route.js";
import { securityHeaders } from "./http/security-headers.js";
import { uploadRoute } from "./http/upload-route.js";
import { createRequestContext, type RequestContext } from "./request-context.js";
import { createResolvers } from "./resolvers.js";
import { buildApiSchema } from "./schema.js";
import { EventStreams } from "./subscriptions/event-streams.js";
import { SubscriptionServer } from "./subscriptions/subscription-server.js";

/** A connection without traffic for this long is closed. No response takes longer. */
const IDLE_MS = 150_000;
const HEADERS_MS = 20_000;

export interface ApiServer extends AsyncDisposable {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly port: number;
}

export type ApiServerConfig = Pick<Config, "host" | "port" | "limits">;

/**
 * Serves the API, the playground and files on one port. Disposing the server ends all subscriptions, gives current
 * requests a few seconds to finish, and closes the port.
 *
 * @throws AppError `PORT_IN_USE`, `HOST_UNUSABLE`
 */
export async function startApiServer(services: ApiServices, config: ApiServerConfig): Promise<ApiServer> {
  const { log } = services;
  const schema = await buildApiSchema(
    createResolvers({ ...services, limits: config.limits, version: await productVersion() }),
  );
  const events = new EventStreams(services.runEvents, services.importer, services.exporter);
  const contextOf = (caller: Caller): RequestContext => createRequestContext(caller, services, events);
  const authentication = new Authentication(services.accessTokens);
  const listensOnLoopback = isLoopback(config.host);

  const app = express();
  const httpServer = createServer(app);
  // An upload may take hours, so hanging requests are ended by the idle timeout instead.
  httpServer.requestTimeout = 0;
  httpServer.headersTimeout = HEADERS_MS;
  httpServer.setTimeout(IDLE_MS);

  const subscriptions = new SubscriptionServer({
    httpServer,
    maxSockets: config.limits.sockets,
    operations: { schema, limits: config.limits, contextOf },
    access: { tokens: services.accessTokens, authentication, listensOnLoopback },
    log,
  });
  const graphql = createGraphqlServer({
    schema,
    httpServer,
    limits: config.limits,
    log,
    endSubscriptions: () => subscriptions[Symbol.asyncDispose](),
  });
  await graphql.start();

  app.disable("x-powered-by");
  app.disable("etag");
  app.use(securityHeaders, hostCheck(listensOnLoopback));
  app.use(healthRoutes(services.database, log));
  app.use(graphqlRoute(graphql, authentication, contextOf));
  app.use(uploadRoute(services.uploads, authentication));
  app.use(pathCheck);
  app.use(sampleImageRoute(services, authentication));
  app.use(augmentationRoute(services.augmentationPreview, authentication));
  app.use(artifactRoute(services.artifactFiles, authentication));
  app.use(predictionsRoute(services.predictionsCsv, authentication));
  app.use(modelArchiveRoute(services.modelArchives, authentication));
  app.use(exportRoute(services.exportDownloads, authentication));
  app.use(playgroundRoute(path.join(projectRoot(), "dist/web")));
  app.use((request) => {
    throw new AppError(
      "NOT_FOUND",
      `There is no route for ${request.method} ${request.path}. The API is at /graphql.`,
    );
  });
  app.use(jsonErrors(log));

  try {
    await listen(httpServer, config);
  } catch (error) {
    await graphql.stop();
    throw error;
  }
  const { port } = httpServer.address() as AddressInfo;
  return {
    url: `http://${nameFor(config.host)}:${port}`,
    port,
    [Symbol.asyncDispose]: () => graphql.stop(),
  };
}

async function listen(server: Server, { host, port }: ApiServerConfig): Promise<void> {
  const listening = once(server, "listening");
  server.listen(port, host);
  try {
    await listening;
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === "EADDRINUSE") {
      throw new AppError(
        "PORT_IN_USE",
        `Port ${port} of ${host} is in use. Stop the program that uses it, or choose another port with ESPALIER_PORT.`,
        { cause },
      );
    }
    throw new AppError(
      "HOST_UNUSABLE",
      `Cannot listen on ${host}, port ${port} (${code}). See ESPALIER_HOST.`,
      {
        cause,
      },
    );
  }
}

/** Returns the host for a URL. A server that listens on all interfaces is reached on loopback too. */
function nameFor(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

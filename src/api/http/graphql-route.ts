import type { Server } from "node:http";
import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import { ApolloServerPluginDrainHttpServer } from "@apollo/server/plugin/drainHttpServer";
import { expressMiddleware } from "@as-integrations/express5";
import express, { type RequestHandler, Router } from "express";
import { GraphQLError, type GraphQLSchema } from "graphql";
import type { Caller } from "../../access/caller.js";
import { AppError } from "../../core/app-error.js";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";
import { checkOperation, checkQueryText } from "../limits/check-operation.js";
import type { OperationLimits } from "../limits/operation-limits.js";
import type { RequestContext } from "../request-context.js";
import type { Authentication } from "./authentication.js";
import { sendErrors } from "./json-errors.js";
import { requestTimeout } from "./request-timeout.js";

/**
 * Large enough for the images of `classify` in base64; all other requests are far smaller. Parsing that much JSON blocks
 * the event loop for about 50 ms, so larger images go through uploads.
 */
const BODY_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 5_000;

export interface GraphqlServerOptions {
  readonly schema: GraphQLSchema;
  readonly httpServer: Server;
  readonly limits: OperationLimits;
  readonly log: Log;
  /** Ends the subscriptions when the server stops, before the HTTP server drains. */
  readonly endSubscriptions: () => Promise<void>;
}

export function createGraphqlServer(options: GraphqlServerOptions): ApolloServer<RequestContext> {
  const { schema, httpServer, limits, log } = options;
  return new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: limits.queryTokens },
    formatError: (_formatted, error) => clientError(error, log),
    logger: { debug: () => {}, info: () => {}, warn: log.warn, error: log.error },
    plugins: [
      operationLimits(limits),
      {
        async serverWillStart() {
          return { drainServer: options.endSubscriptions };
        },
      },
      ApolloServerPluginDrainHttpServer({ httpServer, stopGracePeriodMillis: STOP_GRACE_MS }),
      ApolloServerPluginLandingPageDisabled(),
      // The plugin would compute a cache policy at every field, but no response may be cached.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
}

/** `POST /graphql` for callers with a token. The server must have been started. */
export function graphqlRoute(
  server: ApolloServer<RequestContext>,
  authentication: Authentication,
  contextOf: (caller: Caller) => RequestContext,
): Router {
  const router = Router();
  router.use(
    "/graphql",
    requestTimeout(TIMEOUT_MS),
    authentication.require("VIEWER"),
    onlyPostedJson,
    express.json({ limit: BODY_BYTES }),
    shortQueryText,
    neverKept,
    expressMiddleware(server, {
      context: async ({ req }) => contextOf(authentication.callerOf(req)),
    }),
  );
  return router;
}

const neverKept: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "no-store");
  next();
};

/** Browsers ask for permission before they send JSON to another origin, and send anything else without asking. */
const onlyPostedJson: RequestHandler = (request, response, next) => {
  if (request.method !== "POST") {
    response.set("Allow", "POST");
    throw new AppError("METHOD_NOT_ALLOWED", "Operations are sent by POST; subscriptions over WebSocket.");
  }
  if (request.is("application/json") === false) {
    throw new AppError("CONTENT_TYPE_UNSUPPORTED", "Operations are sent as application/json.");
  }
  next();
};

const shortQueryText: RequestHandler = (request, response, next) => {
  const body: unknown = request.body;
  try {
    checkQueryText(typeof body === "object" && body !== null && "query" in body ? body.query : null);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, extensions } = error;
    // 413, not 400 as for an operation that costs too much: the text was not parsed.
    sendErrors(response, 413, { message, extensions: { code: extensions.code } });
    return;
  }
  next();
};

function operationLimits(limits: OperationLimits): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ schema, document, operation, request }) {
          if (operation === undefined) return; // Apollo reports that there is no such operation.
          checkOperation({ schema, document, operation, variables: request.variables ?? {} }, limits);
        },
      };
    },
  };
}

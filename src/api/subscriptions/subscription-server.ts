import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type ExecutionArgs, type GraphQLError, type GraphQLSchema, print } from "graphql";
import {
  CloseCode,
  type Context,
  handleProtocols,
  makeServer,
  type Server as ProtocolServer,
} from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { AccessTokens } from "../../access/access-tokens.js";
import type { Caller } from "../../access/caller.js";
import type { Log } from "../../telemetry/log.js";
import { SOCKET_NEEDS_TOKEN, SOCKET_TOKEN_REVOKED, SOCKET_TOKEN_UNKNOWN } from "../errors/access-errors.js";
import { codedError } from "../errors/coded-error.js";
import { type Authentication, hasToken } from "../http/authentication.js";
import { refusalOf } from "../http/host-check.js";
import type { OperationLimits } from "../limits/operation-limits.js";
import type { RequestContext } from "../request-context.js";
import { checkSubscription } from "./check-subscription.js";
import { subscribeToEvents } from "./event-execution.js";
import { SharedResults } from "./shared-results.js";
import { connectSocket } from "./socket-connection.js";

const PATH = "/graphql";
/** Large enough for a subscription with its variables. */
const MESSAGE_BYTES = 256 * 1024;
const INIT_TIMEOUT_MS = 5_000;
const SUBSCRIPTIONS_PER_SOCKET = 32;
const STOP_GRACE_MS = 2_000;
/** https://www.iana.org/assignments/websocket/websocket.xml: after both, clients reconnect and continue from their cursors. */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

type ConnectionParameters = Record<string, unknown>;

/** Data of a connection that the hooks of the protocol receive. */
interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

export interface SubscriptionServerOptions {
  readonly httpServer: Server;
  /** Maximum number of open connections. Further ones are refused with 503. */
  readonly maxSockets: number;
  /** The operations that are served. */
  readonly operations: {
    readonly schema: GraphQLSchema;
    readonly limits: OperationLimits;
    readonly contextOf: (caller: Caller) => RequestContext;
  };
  /** The callers that are admitted. */
  readonly access: {
    readonly tokens: AccessTokens;
    readonly authentication: Authentication;
    readonly listensOnLoopback: boolean;
  };
  readonly log: Log;
}

/**
 * Serves subscriptions over WebSocket with the protocol graphql-transport-ws, on the same port and path as queries. Every
 * connection has a caller and is closed as soon as the caller's token is revoked.
 */
export class SubscriptionServer implements AsyncDisposable {
  readonly #options: SubscriptionServerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES,
    // Events are small, and each connection would need a compressor.
    perMessageDeflate: false,
    handleProtocols,
  });
  readonly #connections = new Set<Promise<void>>();
  /** Callers of the accepted connections. */
  readonly #callers = new Map<WebSocket, Caller>();
  readonly #results = new SharedResults();
  readonly #stop = new AbortController();
  readonly #stopWatching: () => void;
  readonly #protocol: ProtocolServer<Connection>;

  constructor(options: SubscriptionServerOptions) {
    this.#options = options;
    this.#protocol = makeServer<ConnectionParameters, Connection>({
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: (connection) => this.#admit(connection),
      onSubscribe: (connection, _id, payload) => this.#prepare(connection, payload),
      subscribe: (args) => this.#subscribe(args),
    });
    this.#stopWatching = options.access.tokens.onRevoked(() => void this.#checkTokens());
    options.httpServer.on("upgrade", this.#upgrade);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.httpServer.off("upgrade", this.#upgrade);
    this.#stopWatching();
    this.#stop.abort();
    const closed = Promise.withResolvers<void>();
    this.#sockets.close(() => closed.resolve());
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY, "The server stops.");
    // Clients that do not complete the closing handshake must not delay the stop.
    const forcedClose = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
    }, STOP_GRACE_MS);
    await closed.promise;
    clearTimeout(forcedClose);
    await Promise.all(this.#connections);
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refusal = this.#statusOfRefusal(request);
    if (refusal !== null) {
      refuse(socket, refusal);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.once("close", () => this.#callers.delete(opened));
      const connection = connectSocket(
        this.#protocol,
        opened,
        { socket: opened, request },
        this.#options.log,
      ).finally(() => this.#connections.delete(connection));
      this.#connections.add(connection);
    });
  };

  #statusOfRefusal(request: IncomingMessage): number | null {
    if (request.url?.split("?")[0] !== PATH) return 404;
    if (refusalOf(request, this.#options.access.listensOnLoopback) !== null) return 403;
    return this.#sockets.clients.size >= this.#options.maxSockets ? 503 : null;
  }

  /** Accepts the token in the first message as well, because browsers cannot set headers on a WebSocket. */
  async #admit({ connectionParams, extra }: Context<ConnectionParameters, Connection>): Promise<boolean> {
    const { socket, request } = extra;
    const authorization = connectionParams?.authorization ?? request.headers.authorization;
    try {
      const caller = await this.#options.access.authentication.authenticate(authorization);
      if (caller === null) {
        socket.close(
          CloseCode.Forbidden,
          hasToken(authorization) ? SOCKET_TOKEN_UNKNOWN : SOCKET_NEEDS_TOKEN,
        );
        return false;
      }
      this.#callers.set(socket, caller);
      // The token may have been revoked between the check and the line above, which #closeRevoked did not see.
      return await this.#closeRevoked([caller.tokenId]);
    } catch (error) {
      this.#options.log.warn("could not check an access token; the client may try again", { error });
      socket.close(TRY_AGAIN_LATER, "The access token cannot be checked now. Try again.");
      return false;
    }
  }

  #prepare(
    { subscriptions, extra }: Context<ConnectionParameters, Connection>,
    payload: Parameters<typeof checkSubscription>[0],
  ): ExecutionArgs | readonly GraphQLError[] {
    const { schema, limits, contextOf } = this.#options.operations;
    if (Object.keys(subscriptions).length > SUBSCRIPTIONS_PER_SOCKET) {
      return [
        codedError(
          "TOO_MANY_SUBSCRIPTIONS",
          `A connection may have at most ${SUBSCRIPTIONS_PER_SOCKET} subscriptions. Open another connection.`,
        ),
      ];
    }
    const checked = checkSubscription(payload, schema, limits);
    if (!("definitions" in checked)) return checked;
    return {
      schema,
      document: checked,
      variableValues: payload.variables ?? null,
      operationName: payload.operationName ?? null,
      contextValue: contextOf(this.#callerOf(extra.socket)),
    };
  }

  #subscribe(args: ExecutionArgs): ReturnType<typeof subscribeToEvents> {
    const { operations, log } = this.#options;
    const { caller } = args.contextValue as RequestContext;
    return subscribeToEvents(args, {
      freshContext: () => operations.contextOf(caller),
      share: () =>
        this.#results.join({
          query: print(args.document),
          operationName: args.operationName ?? null,
          variables: args.variableValues,
          role: caller.role,
        }),
      log,
    });
  }

  #callerOf(socket: WebSocket): Caller {
    const caller = this.#callers.get(socket);
    if (caller === undefined) throw new Error("A connection that was not accepted has subscribed.");
    return caller;
  }

  /**
   * Closes the connections whose tokens were revoked. While the database is unreachable, tokens cannot be checked, but
   * connections cannot read anything either.
   *
   * @returns whether all of the tokens are still valid
   */
  async #closeRevoked(tokenIds: readonly string[]): Promise<boolean> {
    const revoked = await this.#options.access.tokens.revokedAmong(tokenIds, this.#stop.signal);
    for (const [socket, { tokenId }] of this.#callers) {
      if (revoked.has(tokenId)) socket.close(CloseCode.Forbidden, SOCKET_TOKEN_REVOKED);
    }
    return revoked.size === 0;
  }

  readonly #checkTokens = async (): Promise<void> => {
    const tokenIds = new Set([...this.#callers.values()].map(({ tokenId }) => tokenId));
    try {
      await this.#closeRevoked([...tokenIds]);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#options.log.error("could not check access tokens; closing the connections", { error });
      for (const socket of this.#callers.keys()) socket.close(TRY_AGAIN_LATER, "Try again.");
    }
  };
}

function refuse(socket: Duplex, status: number): void {
  socket.once("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

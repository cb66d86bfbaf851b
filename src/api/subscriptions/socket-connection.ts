import type { Server as ProtocolServer } from "graphql-ws";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Log } from "../../telemetry/log.js";

const KEEP_ALIVE_MS = 12_000;
/** What may wait for a client that does not read: answers that it asks for, since events wait for each other. */
const UNSENT_BYTES = 16 * 1024 * 1024;

/**
 * Ties a WebSocket to the protocol. graphql-ws has such an adapter of its own, but that one writes a
 * stack trace to the console whenever a client breaks a rule, which clients without a token can too.
 *
 * @returns resolves when the connection is closed and its subscriptions have ended
 */
export async function connectSocket<Extra>(
  protocol: ProtocolServer<Extra>,
  socket: WebSocket,
  extra: Extra,
  log: Log,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) => sent(socket, data, log),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on("message", (data) => {
          handle(String(data)).catch((error: unknown) => {
            log.error("unexpected error on a WebSocket", { error });
            socket.close(CloseCode.InternalServerError, "Internal server error");
          });
        });
      },
    },
    extra,
  );
  const stopPinging = keepAlive(socket);
  // ws answers pings by itself, whether or not the answers are read.
  socket.on("ping", () => endIfUnread(socket, log));
  // A message that is too large or malformed; ws closes the connection with the fitting code by itself.
  socket.on("error", (error) => log.debug("a WebSocket broke the protocol", { error }));
  socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  const { code, reason } = await promise;
  stopPinging();
  await closed(code, reason);
}

/**
 * Resolves once the data is on its way, so that a slow client slows its own events down: there is never
 * more than one of each of its subscriptions here.
 */
function sent(socket: WebSocket, data: string, log: Log): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A failure means that the connection is gone, which its "close" tells.
  socket.send(data, () => resolve());
  endIfUnread(socket, log);
  return promise;
}

/** There is no closing handshake with a client that does not read. */
function endIfUnread(socket: WebSocket, log: Log): void {
  if (socket.bufferedAmount <= UNSENT_BYTES) return;
  log.debug("a WebSocket's client does not read what it asks for; ending it", {
    unsentBytes: socket.bufferedAmount,
  });
  socket.terminate();
}

/** Ends connections whose other side has silently gone. */
function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) {
      socket.terminate();
      return;
    }
    answered = false;
    socket.ping();
  }, KEEP_ALIVE_MS);
  return () => clearInterval(timer);
}

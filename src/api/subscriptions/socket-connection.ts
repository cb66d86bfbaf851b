import type { Server as ProtocolServer } from "graphql-ws";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Log } from "../../telemetry/log.js";

const KEEP_ALIVE_MS = 12_000;

/**
 * Ties a WebSocket to the protocol. graphql-ws has such an adapter of its own, but that one writes a
 * stack trace to the console whenever a client breaks a rule, which clients without a token can too.
 */
export function connectSocket<Extra>(
  protocol: ProtocolServer<Extra>,
  socket: WebSocket,
  extra: Extra,
  log: Log,
): void {
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) => sent(socket, data),
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
  // A message that is too large or malformed; ws closes the connection with the fitting code by itself.
  socket.on("error", (error) => log.debug("a WebSocket broke the protocol", { error }));
  socket.once("close", (code, reason) => {
    stopPinging();
    void closed(code, String(reason));
  });
}

/** Resolves once the data is on its way, so that a slow client slows its own events down. */
function sent(socket: WebSocket, data: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A failure means that the connection is gone, which its "close" tells.
  socket.send(data, () => resolve());
  return promise;
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

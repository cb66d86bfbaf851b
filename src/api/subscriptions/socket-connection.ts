import type { Server as ProtocolServer } from "graphql-ws";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Log } from "../../telemetry/log.js";

const KEEP_ALIVE_MS = 12_000;
/** Maximum of unsent bytes for a client that does not read. Only responses accumulate; events wait for each other. */
const UNSENT_BYTES = 16 * 1024 * 1024;

/**
 * Connects a WebSocket with the protocol. The adapter of graphql-ws is not used because it writes a stack trace to the
 * console for every protocol violation, which even clients without a token can cause.
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
  // ws responds to pings automatically, whether or not the client reads the responses.
  socket.on("ping", () => endIfUnread(socket, log));
  // The message is too large or malformed. ws closes the connection with a suitable code.
  socket.on("error", (error) => log.debug("a WebSocket broke the protocol", { error }));
  socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  const { code, reason } = await promise;
  stopPinging();
  await closed(code, reason);
}

/**
 * Resolves once the data is sent, so that a slow client delays only its own events: at most one event of each of its
 * subscriptions waits here.
 */
function sent(socket: WebSocket, data: string, log: Log): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A failure means that the connection is closed, which the event "close" reports.
  socket.send(data, () => resolve());
  endIfUnread(socket, log);
  return promise;
}

/** A client that does not read cannot complete a closing handshake. */
function endIfUnread(socket: WebSocket, log: Log): void {
  if (socket.bufferedAmount <= UNSENT_BYTES) return;
  log.debug("a WebSocket's client does not read what it asks for; ending it", {
    unsentBytes: socket.bufferedAmount,
  });
  socket.terminate();
}

/** Closes connections whose client has disappeared. */
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

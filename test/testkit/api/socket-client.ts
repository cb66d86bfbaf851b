import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { socketUrl } from "./graphql-client.js";

export interface SocketMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/**
 * A client of the subscription protocol that sends single messages. It can read slowly, break the protocol and drop the
 * connection.
 */
export class SocketClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #received: SocketMessage[] = [];
  readonly #closed = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  #wake: () => void = () => {};

  private constructor(url: string) {
    this.#socket = new WebSocket(socketUrl(url), "graphql-transport-ws");
    this.#socket.on("message", (data) => {
      this.#received.push(JSON.parse(String(data)) as SocketMessage);
      this.#wake();
    });
    this.#socket.on("error", () => {}); // The event "close" follows.
    this.#socket.on("close", (code, reason) => {
      this.#closed.resolve({ code, reason: String(reason) });
      this.#wake();
    });
  }

  /** Opens a connection and waits until the server accepts it. */
  static async connect(url: string, token: string | null): Promise<SocketClient> {
    const client = new SocketClient(url);
    await once(client.#socket, "open");
    client.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
    assert.equal((await client.next()).type, "connection_ack");
    return client;
  }

  /** Resolves with how the connection ended. */
  get closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#closed.promise;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: SocketMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ type: "subscribe", id, payload: { query, variables } });
  }

  /** Resolves with the next message. One call at a time may wait. */
  async next(): Promise<SocketMessage> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      assert.ok(this.isOpen, "The connection is closed.");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Stops reading what the server sends, or reads again. */
  read(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}

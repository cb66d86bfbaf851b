import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { socketUrl } from "./graphql-client.js";

export interface SocketMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket of the subscription protocol, message by message: it can be slow, rude and cut off. */
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
    this.#socket.on("error", () => {}); // The close that follows is what counts.
    this.#socket.on("close", (code, reason) => {
      this.#closed.resolve({ code, reason: String(reason) });
      this.#wake();
    });
  }

  /** A connection that was let in. */
  static async connect(url: string, token: string | null): Promise<SocketClient> {
    const client = new SocketClient(url);
    await once(client.#socket, "open");
    client.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
    assert.equal((await client.next()).type, "connection_ack");
    return client;
  }

  /** How the connection ended, once it has. */
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

  /** The next message; one waiter at a time. */
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

  /** Lets what the server sends lie, or reads on. */
  read(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}

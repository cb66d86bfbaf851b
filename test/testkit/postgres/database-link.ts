import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

type Behavior =
  | "open"
  /** Closes connections, and new ones at once, as while a server is down. */
  | "cut"
  /** Drops all data silently, as after a power cut. */
  | "silent";

/** A proxy to a PostgreSQL that a test can interrupt. */
export class DatabaseLink implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #behavior: Behavior = "open";
  #tried = Promise.withResolvers<void>();

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async open(databaseUrl: string): Promise<DatabaseLink> {
    const link = new DatabaseLink(new URL(databaseUrl));
    await once(link.#server.listen(0, "127.0.0.1"), "listening");
    return link;
  }

  /** The URL of the same database through the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Resolves when a connection was refused or dropped after the interruption. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  become(behavior: Behavior): void {
    this.#behavior = behavior;
    this.#tried = Promise.withResolvers();
    if (behavior === "silent") for (const socket of this.#sockets) socket.unpipe().pause();
    if (behavior === "cut") this.#breakAll();
  }

  #accept(socket: Socket): void {
    if (this.#behavior === "cut") {
      socket.destroy();
      this.#tried.resolve();
      return;
    }
    this.#keep(socket);
    if (this.#behavior === "silent") return;
    const server = this.#keep(connect(Number(this.#target.port), this.#target.hostname));
    socket.pipe(server).pipe(socket);
    socket.once("close", () => server.destroy());
    server.once("close", () => socket.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {}); // The event "close" follows.
    return socket;
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#breakAll();
    await closed;
  }
}

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import pg from "pg";

/** Code of the message in which a client asks for TLS. */
const SSL_REQUEST = 80_877_103;

/** A session of PostgreSQL that clients take turns with, one transaction each. */
interface Backend {
  readonly client: pg.Client;
  readonly socket: Socket;
}

/**
 * A proxy to PostgreSQL that lends its sessions for one transaction at a time, as PgBouncer does in transaction mode. It
 * accepts every client and has a fixed number of sessions.
 */
export class TransactionPooler implements AsyncDisposable {
  readonly #server: Server;
  readonly #idle: Backend[] = [];
  readonly #waiting: ((backend: Backend) => void)[] = [];
  readonly #clients = new Set<Socket>();

  private constructor(
    private readonly databaseUrl: string,
    private readonly backends: readonly Backend[],
  ) {
    this.#idle.push(...backends);
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  static async open(databaseUrl: string, sessions: number): Promise<TransactionPooler> {
    const backends = await Promise.all(
      Array.from({ length: sessions }, async () => {
        const client = new pg.Client({ connectionString: databaseUrl });
        client.on("error", () => {}); // of the end of the proxy
        await client.connect();
        const { stream } = client.connection as unknown as { stream: Socket };
        // From here on the messages are those of the clients.
        stream.removeAllListeners("data");
        return { client, socket: stream };
      }),
    );
    const pooler = new TransactionPooler(databaseUrl, backends);
    await once(pooler.#server.listen(0, "127.0.0.1"), "listening");
    return pooler;
  }

  get url(): string {
    const url = new URL(this.databaseUrl);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.on("error", () => {});
    client.on("close", () => this.#clients.delete(client));
    let lent: Backend | null = null;
    let received = Buffer.alloc(0);
    let isStarted = false;
    for await (const chunk of client) {
      received = Buffer.concat([received, chunk]);
      if (!isStarted) {
        if (received.length < 8 || received.length < received.readInt32BE(0)) continue;
        const isSslRequest = received.readInt32BE(4) === SSL_REQUEST;
        received = received.subarray(received.readInt32BE(0));
        isStarted = !isSslRequest;
        client.write(isSslRequest ? "N" : greeting());
        continue;
      }
      if (received.at(0) === "X".charCodeAt(0)) break;
      if (received.length === 0) continue;
      const backend: Backend = lent ?? (await this.#borrow());
      if (lent === null) {
        const answers = new Answers();
        backend.socket.on("data", (answer: Buffer) => {
          client.write(answer);
          if (!answers.endTransaction(answer)) return;
          backend.socket.removeAllListeners("data");
          lent = null;
          this.#giveBack(backend);
        });
      }
      lent = backend;
      backend.socket.write(received);
      received = Buffer.alloc(0);
    }
    client.end();
  }

  async #borrow(): Promise<Backend> {
    return this.#idle.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(backend: Backend): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(backend);
    else next(backend);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
    for (const { socket } of this.backends) {
      const ended = once(socket, "close");
      socket.destroy();
      await ended;
    }
  }
}

/** Finds the end of a transaction in the messages of a server, however they are divided. */
class Answers {
  #received = Buffer.alloc(0);

  endTransaction(answer: Buffer): boolean {
    this.#received = Buffer.concat([this.#received, answer]);
    let isOver = false;
    while (this.#received.length >= 5 && this.#received.length > this.#received.readInt32BE(1)) {
      const length = 1 + this.#received.readInt32BE(1);
      // ReadyForQuery, outside of a transaction.
      isOver =
        this.#received.toString("latin1", 0, 1) === "Z" && this.#received.toString("latin1", 5, 6) === "I";
      this.#received = this.#received.subarray(length);
    }
    return isOver;
  }
}

/** AuthenticationOk, a key that is none of the server's, and ReadyForQuery outside of a transaction. */
function greeting(): Buffer {
  return Buffer.from(["520000000800000000", "4b0000000c0000000100000001", "5a0000000549"].join(""), "hex");
}

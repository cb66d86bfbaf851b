import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PretrainedFile } from "../../src/graph/architectures/pretrained-files.js";

/** Answers a request for the file in another way than whole. */
export type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => void;

/** A server on loopback that publishes one file in place of torchvision's. */
export class PretrainedServer implements AsyncDisposable {
  /** The `range` of every request, in their order. */
  readonly requests: (string | undefined)[] = [];
  /** The answers to the next requests; the file is sent once there are none. */
  readonly answers: Answer[] = [];
  readonly #server = createServer((request, response) => {
    this.requests.push(request.headers.range);
    (this.answers.shift() ?? sendRest)(request, response, this.bytes);
  });

  private constructor(
    readonly bytes: Buffer,
    readonly name: string,
  ) {}

  static async start(bytes: Buffer, name = "vgg11-standin.pth"): Promise<PretrainedServer> {
    const server = new PretrainedServer(bytes, name);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  /** The line of the table for the file. */
  fileOf(begins = createHash("sha256").update(this.bytes).digest("hex").slice(0, 8)): PretrainedFile {
    const { port } = this.#server.address() as AddressInfo;
    return {
      name: this.name,
      url: `http://127.0.0.1:${port}/models/${this.name}`,
      digest: { algorithm: "sha256", begins },
      preprocessing: "IMAGENET_TORCH",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

const TAG = '"one"';

/** The file, or the part that was asked for. */
const sendRest: Answer = ({ headers }, response, bytes) => {
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
  if (from === undefined || headers["if-range"] !== TAG) {
    response.writeHead(200, { "content-length": bytes.length, etag: TAG }).end(bytes);
    return;
  }
  const rest = bytes.subarray(Number(from));
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { "content-length": rest.length, "content-range": range, etag: TAG }).end(rest);
};

/** Half of the file, and then the connection breaks. */
export const sendHalf: Answer = (_, response, bytes) => {
  response.writeHead(200, { "content-length": bytes.length, etag: TAG });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
};

/** A part of the file, and then nothing. */
export const sendAndStall: Answer = (_, response, bytes) => {
  response.writeHead(200, { "content-length": bytes.length, etag: TAG });
  response.write(bytes.subarray(0, 10));
};

export function refuse(status: number): Answer {
  return (_, response) => response.writeHead(status).end("no");
}

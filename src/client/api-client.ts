import { type Client, createClient } from "graphql-ws";
import { ClientError } from "./client-error.js";
import type { Operation, UserError } from "./operations.js";

/** What any client of the API needs: queries and mutations over HTTP, subscriptions over a WebSocket. */
export class ApiClient implements AsyncDisposable {
  readonly #webSocket: Client;

  /** @param url origin of the server, such as `http://127.0.0.1:4000` */
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {
    const address = new URL("/graphql", url);
    address.protocol = "ws:";
    this.#webSocket = createClient({
      url: address.href,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }

  /** @throws ClientError with the code of the API's first error */
  async request<Result, Variables extends Record<string, unknown>>(
    operation: Operation<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const response = await fetch(new URL("/graphql", this.url), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query: operation.document, variables }),
    });
    const answer = (await response.json()) as GraphQLAnswer<Result>;
    return dataOf(answer, response.status);
  }

  /** Sends an upload's bytes. @throws ClientError `UPLOAD_FAILED` */
  async put(putUrl: string, bytes: Blob): Promise<void> {
    const response = await fetch(new URL(putUrl, this.url), {
      method: "PUT",
      headers: { authorization: `Bearer ${this.token}` },
      body: bytes,
    });
    const text = await response.text();
    if (!response.ok)
      throw new ClientError("UPLOAD_FAILED", `The upload was refused (${response.status}): ${text}`);
  }

  /** A file that the API names. @throws ClientError `DOWNLOAD_FAILED` */
  async get(url: string): Promise<Uint8Array> {
    const response = await fetch(new URL(url, this.url), {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (!response.ok) {
      throw new ClientError("DOWNLOAD_FAILED", `The server answered ${response.status} for ${url}.`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Follows a subscription until the server ends it. */
  async *follow<Result, Variables extends Record<string, unknown>>(
    operation: Operation<Result, Variables>,
    variables: Variables,
  ): AsyncGenerator<Result> {
    for await (const answer of this.#webSocket.iterate({ query: operation.document, variables })) {
      yield dataOf(answer as GraphQLAnswer<Result>, 200);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#webSocket.dispose();
  }
}

interface GraphQLAnswer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

function dataOf<Result>(answer: GraphQLAnswer<Result>, status: number): Result {
  const error = answer.errors?.[0];
  if (error !== undefined) throw new ClientError(error.extensions?.code ?? "API_ERROR", error.message);
  if (!answer.data) throw new ClientError("NO_ANSWER", `The server answered ${status} without data.`);
  return answer.data;
}

/** The thing a mutation made. @throws ClientError with the first of its `userErrors` */
export function made<T>(thing: T | null | undefined, userErrors: readonly UserError[]): T {
  const [error] = userErrors;
  if (error !== undefined) throw new ClientError(error.code, error.message);
  if (thing === null || thing === undefined) throw new ClientError("NO_ANSWER", "The server made nothing.");
  return thing;
}

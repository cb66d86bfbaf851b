import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { type Client, createClient } from "graphql-ws";
import { ClientError } from "./client-error.js";

/** An object of values by the names of a document's variables. */
export type AnyVariables = Readonly<Record<string, unknown>>;

/** The variables of an operation as an argument, which is left out where a document has none. */
export type VariablesArgument<Variables> =
  Variables extends Record<string, never> ? [variables?: Variables] : [variables: Variables];

/**
 * A typed client of the GraphQL API: queries and mutations over HTTP, subscriptions over one WebSocket. The
 * documents carry the types of their results and variables, which are generated from schema.graphql:
 *
 * ```ts
 * const RUN_STATE = graphql(`query RunState($id: ID!) { run(id: $id) { state } }`);
 *
 * await using api = new ApiClient("http://127.0.0.1:4000", token);
 * const { run } = await api.request(RUN_STATE, { id: "run_1" });
 * ```
 */
export class ApiClient implements AsyncDisposable {
  readonly #webSocket: Client;

  /**
   * @param url origin of the server, such as `http://127.0.0.1:4000`
   * @param token access token, which is sent with every request
   */
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {
    const address = new URL("/graphql", url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#webSocket = createClient({
      url: address.href,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }

  /**
   * Sends a query or a mutation.
   *
   * @throws ClientError with the code of the API's first error; `NO_ANSWER` for an answer without data
   */
  async request<Result, Variables extends AnyVariables>(
    document: TypedDocumentNode<Result, Variables>,
    ...[variables]: VariablesArgument<Variables>
  ): Promise<Result> {
    const response = await fetch(new URL("/graphql", this.url), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const answer = (await response.json()) as GraphQLAnswer<Result>;
    return dataOf(answer, response.status);
  }

  /**
   * Yields the results of a subscription until the server ends it.
   *
   * @throws ClientError with the code of the API's first error
   */
  async *follow<Result, Variables extends AnyVariables>(
    document: TypedDocumentNode<Result, Variables>,
    ...[variables]: VariablesArgument<Variables>
  ): AsyncGenerator<Result, void> {
    const operation = { query: print(document), variables: variables ?? null };
    for await (const answer of this.#webSocket.iterate<Result>(operation)) {
      yield dataOf(answer as GraphQLAnswer<Result>, 200);
    }
  }

  /**
   * Sends the bytes of an upload.
   *
   * @param putUrl what the mutation `createUpload` returned
   * @throws ClientError `UPLOAD_FAILED`
   */
  async put(putUrl: string, bytes: Blob): Promise<void> {
    const response = await fetch(new URL(putUrl, this.url), {
      method: "PUT",
      headers: { authorization: `Bearer ${this.token}` },
      body: bytes,
    });
    const text = await response.text();
    if (response.ok) return;
    throw new ClientError("UPLOAD_FAILED", `The upload was refused with status ${response.status}: ${text}`);
  }

  /**
   * Downloads a file.
   *
   * @param url what the API returned, such as an artifact's `url`
   * @throws ClientError `DOWNLOAD_FAILED`
   */
  async get(url: string): Promise<Uint8Array> {
    const response = await fetch(new URL(url, this.url), {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new ClientError("DOWNLOAD_FAILED", `The server answered ${response.status} for ${url}.`);
  }

  /** Closes the WebSocket, which ends the subscriptions that are still open. */
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

/**
 * Returns what a mutation made or changed, which its payload has unless there are `userErrors`.
 *
 * @throws ClientError with the code and message of the first user error
 */
export function resultOf<Value>(
  value: Value | null | undefined,
  userErrors: readonly { readonly code: string; readonly message: string }[],
): Value {
  const [error] = userErrors;
  if (error !== undefined) throw new ClientError(error.code, error.message);
  if (value === null || value === undefined) {
    throw new ClientError("NO_ANSWER", "The server returned neither a result nor a user error.");
  }
  return value;
}

import assert from "node:assert/strict";
import { type Client, createClient } from "graphql-ws";

/** What a GraphQL server answers, errors included. */
export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly data?: Data | null;
  readonly errors?: readonly AnswerError[];
}

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string } & Record<string, unknown>;
}

/** A client that shows everything a server answers: what it should refuse is looked at, not thrown. */
export class GraphqlClient implements AsyncDisposable {
  readonly #socket: Client;

  /** @param token null sends none */
  constructor(
    readonly url: string,
    readonly token: string | null,
  ) {
    this.#socket = createClient({
      url: socketUrl(url),
      connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }

  /** Sends a query or a mutation. */
  async send<Data = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Answer<Data>> {
    const response = await this.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  /** The data of a query or mutation that must work. */
  async ask<Data = Record<string, never>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Data> {
    const { data, errors } = await this.send<Data>(query, variables);
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.ok(data);
    return data;
  }

  /** Results of a subscription, until it ends or the caller stops looking. */
  follow<Data = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): AsyncIterableIterator<Omit<Answer<Data>, "status">> {
    return this.#socket.iterate({ query, variables }) as AsyncIterableIterator<Omit<Answer<Data>, "status">>;
  }

  /** Any request to the server, with the token. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("authorization", `Bearer ${this.token}`);
    return fetch(new URL(path, this.url), { redirect: "manual", ...init, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.dispose();
  }
}

export function socketUrl(url: string): string {
  const address = new URL("/graphql", url);
  address.protocol = "ws:";
  return address.href;
}

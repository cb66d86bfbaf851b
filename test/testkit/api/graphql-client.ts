import assert from "node:assert/strict";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { type Client, createClient } from "graphql-ws";
import type { AnyVariables, VariablesArgument } from "../../../src/client/api-client.js";
import { checkDeclaredCodes } from "./declared-codes.js";

type AnyDocument = string | TypedDocumentNode<unknown, AnyVariables>;

/** The response of a GraphQL server, with its errors. */
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

/** A client for tests of the API: it returns errors as they arrived, so that a test can check them. */
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

  /**
   * Sends a query or a mutation. A document in a string is wrong on purpose, built while the test runs, or made for the
   * schema of an earlier version: nothing knows the type of its result.
   */
  send<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    ...[variables]: VariablesArgument<Variables>
  ): Promise<Answer<Data>>;
  send<Data = Record<string, unknown>>(document: string, variables?: AnyVariables): Promise<Answer<Data>>;
  async send(document: AnyDocument, variables?: AnyVariables): Promise<Answer<unknown>> {
    const response = await this.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: textOf(document), variables }),
    });
    const answer = (await response.json()) as Omit<Answer<unknown>, "status">;
    checkDeclaredCodes(textOf(document), answer.data);
    return { ...answer, status: response.status };
  }

  /** Returns the data of a query or mutation that must succeed. */
  ask<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    ...[variables]: VariablesArgument<Variables>
  ): Promise<Data>;
  ask<Data = Record<string, unknown>>(document: string, variables?: AnyVariables): Promise<Data>;
  async ask(document: AnyDocument, variables: AnyVariables = {}): Promise<unknown> {
    const { data, errors } = await this.send(textOf(document), variables);
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.ok(data);
    return data;
  }

  /** Yields the results of a subscription until it ends or the caller stops. */
  follow<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    ...[variables]: VariablesArgument<Variables>
  ): AsyncIterableIterator<Omit<Answer<Data>, "status">>;
  follow<Data = Record<string, unknown>>(
    document: string,
    variables?: AnyVariables,
  ): AsyncIterableIterator<Omit<Answer<Data>, "status">>;
  follow(
    document: AnyDocument,
    variables: AnyVariables = {},
  ): AsyncIterableIterator<Omit<Answer<unknown>, "status">> {
    const results = this.#socket.iterate({ query: textOf(document), variables });
    return results as AsyncIterableIterator<Omit<Answer<unknown>, "status">>;
  }

  /** Sends any request to the server, with the token. */
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

function textOf(document: AnyDocument): string {
  return typeof document === "string" ? document : print(document);
}

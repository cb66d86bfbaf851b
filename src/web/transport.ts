import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import type { EventLog } from "./event-log.js";
import { rememberResult } from "./recent-results.js";

const GRAPHQL_PATH = "/graphql";

/** The server no longer accepts the token: it was revoked, or is from another server. */
export class TokenRefused extends Error {}

/**
 * Sends subscriptions over a WebSocket and everything else over HTTP. Which of the two an operation
 * is, is read from the parsed document, since a document may hold several operations. The log
 * holds the events of the operation that ran last.
 */
export function createTransport(token: string, log: EventLog): Fetcher {
  return (parameters) => {
    const operation = getOperationAST(parse(parameters.query), parameters.operationName);
    log.clear();
    return operation?.operation === "subscription"
      ? subscribe(parameters, token, log)
      : post(parameters, token);
  };
}

/**
 * Posts one query or mutation and remembers its data for the examples that build on it.
 *
 * @throws TokenRefused when the server answers 401
 */
export async function post(parameters: FetcherParams, token: string): Promise<ExecutionResult> {
  const response = await fetch(GRAPHQL_PATH, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(parameters),
  });
  if (response.status === 401) throw new TokenRefused("The server does not accept this access token.");
  const result = (await response.json()) as ExecutionResult;
  if (result.data) rememberResult(result.data);
  return result;
}

/** One connection per subscription: it ends when the subscription is stopped. */
function subscribe(
  parameters: FetcherParams,
  token: string,
  log: EventLog,
): AsyncIterableIterator<ExecutionResult> {
  const address = new URL(GRAPHQL_PATH, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const client = createClient({
    url: address.href,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  const results = client.iterate({
    query: parameters.query,
    variables: parameters.variables as Record<string, unknown> | undefined,
    operationName: parameters.operationName,
  }) as AsyncIterableIterator<ExecutionResult>;
  // Not an async generator: its return() would wait for the next event before it stops anything.
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const next = await results.next();
      if (!next.done) log.add(next.value);
      return next;
    },
    async return() {
      await results.return?.();
      await client.dispose();
      return { done: true, value: undefined };
    },
  };
}

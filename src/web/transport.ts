import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import type { EventLog } from "./events/log.js";
import { rememberResult } from "./examples/recent-results.js";

const GRAPHQL_PATH = "/graphql";

/**
 * Sends subscriptions over a WebSocket and other operations over HTTP. The kind of an operation is read from the parsed
 * document, since a document may contain several operations. The log contains the events of the latest operation.
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
 * Posts a query or a mutation and keeps its data for the examples that build on it.
 *
 * @throws Error when the server does not accept the token: it was revoked, or it belongs to another server
 */
export async function post(parameters: FetcherParams, token: string): Promise<ExecutionResult> {
  const response = await fetch(GRAPHQL_PATH, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(parameters),
  });
  if (response.status === 401) throw new Error("The server does not accept this access token.");
  const result = (await response.json()) as ExecutionResult;
  if (result.data) rememberResult(result.data);
  return result;
}

/** Opens a connection for one subscription. It closes when the subscription is stopped. */
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
  // This is no async generator, since its return() would wait for the next event before it stops.
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

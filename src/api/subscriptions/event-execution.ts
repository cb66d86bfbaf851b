import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
} from "graphql";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";

/**
 * graphql-js's `subscribe` with two differences: every event is executed with a context of its own, so
 * that loaders never answer with what was true at an earlier event, and errors, also those of the
 * event source itself, reach the client in the masked form and end the stream.
 *
 * @param freshContext makes the context for one event
 */
export async function subscribeWithFreshContext(
  args: ExecutionArgs,
  freshContext: () => unknown,
  log: Log,
): Promise<AsyncIterableIterator<ExecutionResult, undefined> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!isAsyncIterable(source)) return masked(source, log);
  const events = source[Symbol.asyncIterator]();
  let failed = false;
  const results: AsyncIterableIterator<ExecutionResult, undefined> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const event = await events.next();
        if (event.done === true) return { done: true, value: undefined };
        const result = await execute({ ...args, rootValue: event.value, contextValue: freshContext() });
        return { done: false, value: masked(result, log) };
      } catch (error) {
        failed = true;
        return { done: false, value: { errors: [maskedError(error, log)] } };
      }
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
  return results;
}

function masked(result: ExecutionResult, log: Log): ExecutionResult {
  if (result.errors === undefined) return result;
  return { ...result, errors: result.errors.map((error) => maskedError(error, log)) };
}

function maskedError(error: unknown, log: Log): GraphQLError {
  const { message, path, extensions } = clientError(error, log);
  return new GraphQLError(message, { path: path ?? null, extensions: extensions ?? null });
}

function isAsyncIterable(value: AsyncIterable<unknown> | ExecutionResult): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value;
}

import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
} from "graphql";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";
import type { SharedResult } from "./shared-results.js";

export interface EventExecution {
  /** Creates the context for one event. */
  readonly freshContext: () => unknown;
  /** Joins the results shared by equal subscriptions; they are left when the stream ends. */
  readonly share: () => SharedResult;
  readonly log: Log;
}

/** Events of all subscriptions have a cursor. */
interface SourceEvent {
  readonly cursor: string;
}

/**
 * Differs from `subscribe` of graphql-js in three ways. Every event is executed with its own context, so that loaders
 * never return data of an earlier event. An event is executed once for all equal subscriptions. Errors, including those
 * of the event source, are masked before they reach the client, and end the stream.
 */
export async function subscribeToEvents(
  args: ExecutionArgs,
  { freshContext, share, log }: EventExecution,
): Promise<AsyncIterableIterator<ExecutionResult, undefined> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!isAsyncIterable(source)) return masked(source, log);
  const events = (source as AsyncIterable<SourceEvent>)[Symbol.asyncIterator]();
  const shared = share();
  let ended = false;
  const end = (): void => {
    if (!ended) shared.leave();
    ended = true;
  };
  const resultFor = async (event: SourceEvent): Promise<ExecutionResult> =>
    masked(await execute({ ...args, rootValue: event, contextValue: freshContext() }), log);
  const results: AsyncIterableIterator<ExecutionResult, undefined> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (ended) return { done: true, value: undefined };
      try {
        const step = await events.next();
        if (step.done !== true) {
          const event = step.value;
          return { done: false, value: await shared.of(event.cursor, () => resultFor(event)) };
        }
        end();
        return { done: true, value: undefined };
      } catch (error) {
        end();
        await events.return?.();
        return { done: false, value: { errors: [maskedError(error, log)] } };
      }
    },
    async return() {
      end();
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

import type { Caller } from "../access/caller.js";
import { createLoaders, type LoaderSources, type Loaders } from "./loaders.js";
import type { EventStreams } from "./subscriptions/event-streams.js";

/** What every resolver can rely on. There is none for an anonymous request: it never gets this far. */
export interface RequestContext {
  readonly caller: Caller;
  /** Fresh for each request, and for each event of a subscription, so that nothing stale is read. */
  readonly loaders: Loaders;
  readonly events: EventStreams;
}

export function createRequestContext(
  caller: Caller,
  sources: LoaderSources,
  events: EventStreams,
): RequestContext {
  return { caller, loaders: createLoaders(sources), events };
}

import type { Caller } from "../access/caller.js";
import { createLoaders, type LoaderSources, type Loaders } from "./loaders.js";
import type { EventStreams } from "./subscriptions/event-streams.js";

/** Context of every resolver. Anonymous requests are refused before one is created. */
export interface RequestContext {
  readonly caller: Caller;
  /** Created for each request and for each event of a subscription, because loaders cache what they read. */
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

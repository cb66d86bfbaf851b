import { setImmediate } from "node:timers/promises";

/**
 * Resolves the items of a long list a few per turn of the event loop: GraphQL checks and completes every field of every
 * item, which takes tens of milliseconds for thousands of items.
 */
export function inTurns<T>(items: readonly T[], itemsAtOnce: number): readonly (T | Promise<T>)[] {
  if (items.length <= itemsAtOnce) return items;
  let turn: Promise<unknown> = Promise.resolve();
  return items.map((item, index) => {
    if (index > 0 && index % itemsAtOnce === 0) turn = turn.then(() => setImmediate());
    return turn.then(() => item);
  });
}

/** Classes with a few fields each that are completed at once. */
export const CLASSES_AT_ONCE = 1_000;

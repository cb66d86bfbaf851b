import type { Subscription } from "./subscriber.js";

/** From the benchmark to the process of its subscribers, which ends when the channel closes. */
export type ToSubscribers =
  | { readonly kind: "subscribe"; readonly subscription: Subscription; readonly subscribers: number }
  /** Nothing is written any more after the event with the sequence. */
  | { readonly kind: "finish"; readonly lastSequence: number };

export interface Received {
  /** Events that never came, over all subscribers. */
  readonly lost: number;
  readonly doubled: number;
  readonly disordered: number;
  /** Subscribers whose connection ended. */
  readonly disconnected: number;
  readonly received: number;
  /** From writing an event to its receipt; NaN when none came. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export type FromSubscribers =
  /** Each follows the run, and has received what had happened before. */
  | { readonly kind: "following" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "received"; readonly received: Received };

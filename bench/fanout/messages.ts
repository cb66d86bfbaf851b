import { z } from "zod";

/** The run to follow and its server. */
const SUBSCRIPTION = z
  .object({
    /** Origin of the server, without a slash at the end. */
    url: z.string(),
    token: z.string(),
    runId: z.string(),
  })
  .readonly();
export type Subscription = z.infer<typeof SUBSCRIPTION>;

/** Messages to the process of the subscribers, which ends when the channel closes. */
export const TO_SUBSCRIBERS = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("subscribe"), subscription: SUBSCRIPTION, subscribers: z.number() }),
  /** No event is written after the one with this sequence. */
  z.object({ kind: z.literal("finish"), lastSequence: z.number() }),
]);
export type ToSubscribers = z.infer<typeof TO_SUBSCRIBERS>;

/** The channel writes messages as JSON, where NaN becomes null. */
const LATENCY_MS = z.union([z.number(), z.nan(), z.null().transform(() => Number.NaN)]);

const RECEIVED = z
  .object({
    /** Events that never arrived, over all subscribers. */
    lost: z.number(),
    doubled: z.number(),
    disordered: z.number(),
    /** Number of subscribers whose connection ended. */
    disconnected: z.number(),
    received: z.number(),
    /** Latency from writing an event to its receipt; NaN without events. */
    p50Ms: LATENCY_MS,
    p95Ms: LATENCY_MS,
    p99Ms: LATENCY_MS,
    maxMs: LATENCY_MS,
  })
  .readonly();
export type Received = z.infer<typeof RECEIVED>;

export const FROM_SUBSCRIBERS = z.discriminatedUnion("kind", [
  /** Every subscriber follows the run and has received its earlier events. */
  z.object({ kind: z.literal("following") }),
  z.object({ kind: z.literal("failed"), message: z.string() }),
  z.object({ kind: z.literal("received"), received: RECEIVED }),
]);
export type FromSubscribers = z.infer<typeof FROM_SUBSCRIBERS>;

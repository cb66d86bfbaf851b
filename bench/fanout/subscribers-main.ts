/** The process of the subscribers. It does nothing else, so that its measurements are accurate. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../figures/percentile.js";
import {
  type FromSubscribers,
  type Received,
  type Subscription,
  TO_SUBSCRIBERS,
  type ToSubscribers,
} from "./messages.js";
import { type OnEvent, Subscriber } from "./subscriber.js";

/** Connections that are opened at the same time. */
const CONNECTING = 50;
const POLL_MS = 10;
/** Time for the last events to arrive. Events that arrive later count as lost. */
const PATIENCE_MS = 15_000;

// Ctrl-C reaches every process of the terminal. This one stops when the benchmark disconnects.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());

const subscribers: Subscriber[] = [];
const latenciesMs: number[] = [];

try {
  const start = await received("subscribe");
  await followAll(start.subscription, start.subscribers);
  const finish = received("finish");
  tell({ kind: "following" });
  const { lastSequence } = await finish;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const hasAll = ({ check, closedWith }: Subscriber): boolean =>
    check.newest >= lastSequence || closedWith !== null;
  while (!subscribers.every(hasAll) && !patience.aborted) await delay(POLL_MS);
  tell({ kind: "received", received: summary(lastSequence) });
} catch (error) {
  tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}

/** Resolves when every subscriber has received the first event, which exists already. */
async function followAll(subscription: Subscription, count: number): Promise<void> {
  const onEvent: OnEvent = ({ writtenAtMs }) => {
    if (writtenAtMs !== null) latenciesMs.push(Date.now() - writtenAtMs);
  };
  while (subscribers.length < count) {
    const connecting = Math.min(CONNECTING, count - subscribers.length);
    const some = Array.from({ length: connecting }, () => new Subscriber(subscription, onEvent));
    subscribers.push(...some);
    while (some.some(({ check }) => check.newest === 0)) {
      const closed = some.find(({ closedWith }) => closedWith !== null);
      if (closed !== undefined) throw new Error(`A subscriber could not connect: ${closed.closedWith}.`);
      await delay(POLL_MS);
    }
  }
}

function summary(lastSequence: number): Received {
  const sum = (value: (subscriber: Subscriber) => number): number =>
    subscribers.reduce((total, subscriber) => total + value(subscriber), 0);
  return {
    lost: sum(({ check }) => check.lost(lastSequence)),
    doubled: sum(({ check }) => check.doubled),
    disordered: sum(({ check }) => check.disordered),
    disconnected: sum(({ closedWith }) => (closedWith === null ? 0 : 1)),
    received: latenciesMs.length,
    p50Ms: percentile(latenciesMs, 0.5),
    p95Ms: percentile(latenciesMs, 0.95),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: percentile(latenciesMs, 1),
  };
}

async function received<Kind extends ToSubscribers["kind"]>(
  kind: Kind,
): Promise<Extract<ToSubscribers, { kind: Kind }>> {
  const [received] = await once(process, "message");
  const message = TO_SUBSCRIBERS.parse(received);
  if (isOfKind(message, kind)) return message;
  throw new Error(`Expected ${kind}. Received ${message.kind}.`);
}

function isOfKind<Kind extends ToSubscribers["kind"]>(
  message: ToSubscribers,
  kind: Kind,
): message is Extract<ToSubscribers, { kind: Kind }> {
  return message.kind === kind;
}

function tell(message: FromSubscribers): void {
  if (process.connected) process.send?.(message);
}

import { type Expression, type RawBuilder, sql } from "kysely";
import { AppError } from "../core/app-error.js";
import { encodeJson } from "../core/stored-json.js";
import { Doorbell } from "../lang/doorbell.js";
import type { Notifier } from "./notifier.js";
import { outlastingOutages } from "./trouble/outage.js";

/** Sequence of the only durable event. Progress, which replaces the one before, has 0 and a counter. */
const FINISHED = 1;

/** The progress of a job, with the number of times it was recorded, so that a follower knows which one it has seen. */
export interface CountedProgress {
  readonly counter: number;
  readonly at: Date;
}

/** The row of a job that runs in the background. */
export interface JobState<Progress extends CountedProgress> {
  /** Null before the job ends. */
  readonly finishedAt: Date | null;
  /** The newest; null before there is any. */
  readonly progress: Progress | null;
}

/** An event of a job. Only the newest progress is kept; the end is durable and has the sequence 1. */
export type JobEvent<Progress extends CountedProgress> = {
  readonly sequence: number;
  readonly cursor: string;
  readonly at: Date;
} & ({ readonly kind: "progress"; readonly progress: Progress } | { readonly kind: "finished" });

export interface FollowedJob<Progress extends CountedProgress> {
  readonly notifier: Notifier;
  /** The key of the doorbell that rings when the job makes progress or ends. */
  readonly key: string;
  /** Reads the job's row, and throws an AppError when there is none. */
  readonly read: () => Promise<JobState<Progress>>;
  /** Names the events whose cursors are read, in errors: "an import event". */
  readonly eventName: string;
}

/**
 * Replays the events of a job after the cursor, then follows. Ends after the end of the job, or when `signal` aborts.
 * Waits while the database is unreachable.
 *
 * @param after cursor of the last event seen; null replays from the beginning
 * @throws AppError `CURSOR_INVALID`, and the errors of `read`
 */
export async function* followJob<Progress extends CountedProgress>(
  { notifier, key, read, eventName }: FollowedJob<Progress>,
  after: string | null,
  signal: AbortSignal,
): AsyncGenerator<JobEvent<Progress>, void> {
  let seen = parseCursor(after, eventName);
  const doorbell = new Doorbell();
  const unsubscribe = notifier.on(key, doorbell.ring);
  signal.addEventListener("abort", doorbell.ring);
  try {
    while (!signal.aborted) {
      const state = await unlessAborted(read, signal);
      if (state === null) return;
      const { finishedAt, progress } = state;
      if (seen === "finished") return;
      if (finishedAt !== null) {
        yield { kind: "finished", sequence: FINISHED, cursor: String(FINISHED), at: finishedAt };
        return;
      }
      if (progress !== null && progress.counter > seen) {
        seen = progress.counter;
        yield { kind: "progress", sequence: 0, cursor: `0.${seen}`, at: progress.at, progress };
      }
      await doorbell.wait();
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", doorbell.ring);
  }
}

/** The value that replaces the progress in `column`: a JSON object of `progress`, the time and the next counter. */
export function nextProgress(column: Expression<unknown>, progress: object): RawBuilder<string> {
  const json = encodeJson({ ...progress, at: new Date() });
  return sql<string>`${json}::jsonb || jsonb_build_object('counter', coalesce((${column} ->> 'counter')::int4, 0) + 1)`;
}

/** Waits while the database is unreachable. @returns null when `signal` aborts */
async function unlessAborted<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await outlastingOutages(read, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

/** The counter of the last progress seen, 0 for none. */
function parseCursor(after: string | null, eventName: string): number | "finished" {
  if (after === null) return 0;
  if (after === String(FINISHED)) return "finished";
  const counter = /^0\.(\d{1,10})$/.exec(after)?.[1];
  if (counter !== undefined) return Number(counter);
  throw new AppError(
    "CURSOR_INVALID",
    `A cursor must be one that ${eventName} carried. Received ${JSON.stringify(after.slice(0, 100))}. ` +
      "Leave `after` out to start from the beginning.",
    { path: ["after"] },
  );
}

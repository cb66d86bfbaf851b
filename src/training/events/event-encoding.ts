import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import { DURABLE_EVENT_BODY, type DurableEventBody, RUN_PROGRESS } from "../../core/runs/events.js";
import { parseStored, storedNumber, storedTime } from "../../core/stored-json.js";

/**
 * The position of an event in a run's stream. Durable events have counter 0 and the sequence of their
 * row; progress has the sequence of the durable event it follows and a counter from 1.
 */
export interface EventPosition {
  readonly sequence: number;
  readonly counter: number;
}

const BEFORE_ALL_EVENTS: EventPosition = { sequence: 0, counter: 0 };

export function cursorOf({ sequence, counter }: EventPosition): string {
  return `${sequence}.${counter}`;
}

/** @throws AppError `CURSOR_INVALID` */
export function positionOf(cursor: string | null, argument: "after" | "before" = "after"): EventPosition {
  if (cursor === null) return BEFORE_ALL_EVENTS;
  const match = /^(\d{1,10})\.(\d{1,10})$/.exec(cursor);
  if (match === null) {
    throw new AppError(
      "CURSOR_INVALID",
      `\`${argument}\` must be the cursor of a run event. Received ${JSON.stringify(cursor.slice(0, 100))}. ` +
        `Leave it out to start from the ${argument === "after" ? "beginning" : "end"}.`,
      { path: [argument] },
    );
  }
  return { sequence: Number(match[1]), counter: Number(match[2]) };
}

export function isAfter(position: EventPosition, other: EventPosition): boolean {
  return position.sequence === other.sequence
    ? position.counter > other.counter
    : position.sequence > other.sequence;
}

const STORED_PROGRESS = z.object({
  sequence: z.number(),
  counter: z.number(),
  progress: RUN_PROGRESS.readonly(),
  /** Null while PREPARING, when there is no event yet because nothing was learned. */
  loss: storedNumber.nullable(),
  at: storedTime,
});

/** The newest progress, as the run's row holds it. */
export type StoredProgress = Readonly<z.infer<typeof STORED_PROGRESS>>;

const PROGRESS_OR_NULL = STORED_PROGRESS.nullable();

export function decodeProgress(json: unknown): StoredProgress | null {
  return parseStored(PROGRESS_OR_NULL, json, "progress of a run");
}

/** Reads the body of a durable event from its `kind` and JSON columns. */
export function decodeEventBody(kind: string, json: unknown): DurableEventBody {
  const fields = typeof json === "object" ? json : null;
  return parseStored(DURABLE_EVENT_BODY, { ...fields, kind }, `run event of the kind ${kind}`);
}

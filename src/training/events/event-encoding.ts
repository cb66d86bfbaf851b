import { AppError } from "../../core/app-error.js";
import { RunEndReason, RunState } from "../../core/enumerations.js";
import type { CheckpointRecord, EpochRecord, RunEventBody, RunProgress } from "../../core/run-events.js";

/**
 * Where an event stands in a run's stream. Durable events have counter 0 and the sequence of their
 * row; progress has the sequence of the durable event it follows and a counter from 1.
 */
export interface EventPosition {
  readonly sequence: number;
  readonly counter: number;
}

export const BEFORE_ALL_EVENTS: EventPosition = { sequence: 0, counter: 0 };

export function cursorOf({ sequence, counter }: EventPosition): string {
  return `${sequence}.${counter}`;
}

/** @throws AppError `CURSOR_INVALID` */
export function positionOf(cursor: string | null): EventPosition {
  if (cursor === null) return BEFORE_ALL_EVENTS;
  const match = /^(\d{1,10})\.(\d{1,10})$/.exec(cursor);
  if (match === null) {
    throw new AppError(
      "CURSOR_INVALID",
      `\`after\` must be the cursor of a run event. Received ${JSON.stringify(cursor.slice(0, 100))}. ` +
        "Leave it out to start from the beginning.",
      { path: ["after"] },
    );
  }
  return { sequence: Number(match[1]), counter: Number(match[2]) };
}

export function isAfter(position: EventPosition, other: EventPosition): boolean {
  return position.sequence === other.sequence
    ? position.counter > other.counter
    : position.sequence > other.sequence;
}

/** JSON for a column: NaN and the infinities, which JSON turns into null, go as text. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? String(part) : part,
  );
}

/** The newest progress as it lies in the run's row. */
export interface StoredProgress extends EventPosition {
  readonly progress: RunProgress;
  /** Null while PREPARING: nothing was learnt yet, so no event is made of it. */
  readonly loss: number | null;
  readonly at: Date;
}

export function decodeProgress(json: unknown): StoredProgress | null {
  if (json === null || json === undefined) return null;
  const fields = record(json);
  return {
    sequence: number(fields, "sequence"),
    counter: number(fields, "counter"),
    progress: decodeRunProgress(fields.progress),
    loss: fields.loss === null ? null : number(fields, "loss"),
    at: new Date(text(fields, "at")),
  };
}

/** The body of a durable event out of its `kind` and JSON columns. */
export function decodeEventBody(kind: string, json: unknown): RunEventBody {
  const fields = record(json);
  switch (kind) {
    case "RunStateChanged":
      return {
        kind,
        from: fields.from === null ? null : word(RunState, fields, "from"),
        to: word(RunState, fields, "to"),
        reason: fields.reason === null ? null : word(RunEndReason, fields, "reason"),
        detail: fields.detail === null ? null : text(fields, "detail"),
      };
    case "EpochCompleted":
      return { kind, epoch: decodeEpoch(fields.epoch), improved: fields.improved === true };
    case "CheckpointSaved":
      return { kind, checkpoint: decodeCheckpoint(fields.checkpoint) };
    case "RunWarning":
      return { kind, code: text(fields, "code"), message: text(fields, "message") };
    default:
      throw new Error(`The database holds a run event of an unknown kind: ${kind}.`);
  }
}

function decodeEpoch(json: unknown): EpochRecord {
  const fields = record(json);
  return {
    number: number(fields, "number"),
    trainLoss: number(fields, "trainLoss"),
    validationLoss: number(fields, "validationLoss"),
    trainTop1: number(fields, "trainTop1"),
    trainTop5: number(fields, "trainTop5"),
    validationTop1: number(fields, "validationTop1"),
    validationTop5: number(fields, "validationTop5"),
    learningRate: number(fields, "learningRate"),
    imagesPerSecond: number(fields, "imagesPerSecond"),
    seconds: number(fields, "seconds"),
  };
}

function decodeCheckpoint(json: unknown): CheckpointRecord {
  const fields = record(json);
  return {
    epoch: number(fields, "epoch"),
    step: number(fields, "step"),
    best: fields.best === true,
    sizeBytes: number(fields, "sizeBytes"),
    sha256: text(fields, "sha256"),
    createdAt: new Date(text(fields, "createdAt")),
  };
}

function decodeRunProgress(json: unknown): RunProgress {
  const fields = record(json);
  const optional = (name: string): number | null => (fields[name] === null ? null : number(fields, name));
  return {
    epoch: number(fields, "epoch"),
    epochs: number(fields, "epochs"),
    step: number(fields, "step"),
    stepsPerEpoch: number(fields, "stepsPerEpoch"),
    imagesPerSecond: optional("imagesPerSecond"),
    remainingSeconds: optional("remainingSeconds"),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function record(json: unknown): Fields {
  if (typeof json === "object" && json !== null) return json as Fields;
  throw new Error(`The database holds a run event that is no object: ${JSON.stringify(json)}.`);
}

/** Undoes `encodeJson` for one field. */
function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw new Error(
    `The field ${name} of a stored run event must be a number. Received ${JSON.stringify(value)}.`,
  );
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new Error(`The field ${name} of a stored run event must be text. Received ${JSON.stringify(value)}.`);
}

function word<W extends string>(words: { readonly [K in W]: K }, fields: Fields, name: string): W {
  const value = text(fields, name);
  if (Object.hasOwn(words, value)) return value as W;
  throw new Error(`The field ${name} of a stored run event holds an unknown word: ${value}.`);
}

import { AppError } from "../../core/app-error.js";
import type { RunEndReason } from "../../core/enumerations.js";
import { AttemptReplaced } from "../lifecycle/attempt.js";
import { RunStopped } from "../lifecycle/stopped.js";
import { Diverged } from "../loop/divergence.js";
import type { RunEnd } from "./attempt-store.js";
import { isDiskTrouble } from "./disk-trouble.js";
import { isDatabaseAway } from "./patient-writer.js";

/** What becomes of a run whose attempt was left by an error. */
export type RunOutcome =
  /** It is another trainer's now, or over. */
  | { readonly kind: "leave" }
  | { readonly kind: "end"; readonly end: Omit<RunEnd, "from"> }
  /** It goes back to the queue and on from its last checkpoint. */
  | { readonly kind: "requeue"; readonly detail: string; readonly countsAsFailure: boolean };

const STOPS: { readonly [Because in RunStopped["because"]]: RunOutcome } = {
  CANCELLED: { kind: "end", end: { to: "CANCELLED", reason: "CANCELLED", detail: null } },
  PAUSED: { kind: "end", end: { to: "PAUSED", reason: null, detail: null } },
  SHUTDOWN: { kind: "requeue", detail: "The server was stopped.", countsAsFailure: false },
};

/**
 * Errors with a code are judgements that another attempt would repeat, so they end the run. A disk that takes
 * nothing more makes it wait. Anything else may pass, so the run is tried again.
 */
export function outcomeOf(error: unknown): RunOutcome {
  if (error instanceof AttemptReplaced) return { kind: "leave" };
  if (error instanceof RunStopped) return STOPS[error.because];
  if (error instanceof Diverged) return failed("DIVERGED", error.message);
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskTrouble(error)) return waiting(message);
  if (error instanceof AppError && !isDatabaseAway(error)) return failed(reasonOf(error.code), message);
  return { kind: "requeue", detail: message, countsAsFailure: true };
}

function failed(reason: RunEndReason, detail: string): RunOutcome {
  return { kind: "end", end: { to: "FAILED", reason, detail } };
}

function waiting(detail: string): RunOutcome {
  const message =
    `The run's files cannot be written: ${detail} It waits, and goes on from its last checkpoint by itself once ` +
    "there is room and the folder can be written to.";
  const warnings = [{ code: "DISK_FULL", message }];
  return { kind: "end", end: { to: "PAUSED", reason: null, detail, warnings, waitsForDisk: true } };
}

/** Codes that are not the engine's or the graph's come from the data. */
function reasonOf(code: string): RunEndReason {
  if (code === "ENGINE_OUT_OF_MEMORY") return "OUT_OF_MEMORY";
  return /^(ENGINE|CHECKPOINT|NETWORK|TRAINING|GRAPH|GRADIENT)_/.test(code) ? "ENGINE_ERROR" : "INVALID_DATA";
}

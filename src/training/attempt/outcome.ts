import { AppError } from "../../core/app-error.js";
import { isDatabaseTrouble } from "../../core/database-trouble.js";
import type { RunEndReason } from "../../core/enumerations.js";
import { runEndReasonOf } from "../../core/error-codes.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { isDiskTrouble } from "../../lang/disk-trouble.js";
import { messageOf } from "../../lang/text/message-of.js";
import { AttemptReplaced } from "../lifecycle/attempt.js";
import { RunStopped } from "../lifecycle/stopped.js";
import { Diverged } from "../loop/divergence.js";
import type { RunEnd } from "./attempt-store.js";

/** The consequence of an error that ended an attempt at a run. */
export type RunOutcome =
  /** Another trainer has the run now, or it has ended. */
  | { readonly kind: "leave" }
  | { readonly kind: "end"; readonly end: Omit<RunEnd, "from"> }
  /** The run returns to the queue and continues from its last checkpoint. */
  | { readonly kind: "requeue"; readonly detail: string; readonly countsAsFailure: boolean };

const STOPS: { readonly [Because in RunStopped["because"]]: RunOutcome } = {
  CANCELLED: { kind: "end", end: { to: "CANCELLED", reason: "CANCELLED", detail: null } },
  PAUSED: { kind: "end", end: { to: "PAUSED", reason: null, detail: null } },
  SHUTDOWN: { kind: "requeue", detail: "The server was stopped.", countsAsFailure: false },
};

/**
 * Decides what happens to a run after an error. An error whose code has a run end reason would occur in every other
 * attempt, so it ends the run. A disk that accepts no more files makes the run wait. Any other error can be temporary, so
 * the run is tried again: a few times, or without a limit when the database was in trouble.
 */
export function outcomeOf(error: unknown): RunOutcome {
  if (error instanceof AttemptReplaced) return { kind: "leave" };
  if (error instanceof RunStopped) return STOPS[error.because];
  if (error instanceof Diverged) return failed("DIVERGED", error.message);
  const message = messageOf(error);
  // The next attempt is claimed when the database accepts writes again, and no number of failovers ends a run.
  if (isDatabaseTrouble(error)) return { kind: "requeue", detail: message, countsAsFailure: false };
  if (isDiskTrouble(error)) return waiting(message);
  const reason = error instanceof AppError ? runEndReasonOf(error.code) : null;
  if (reason !== null) return failed(reason, message);
  return { kind: "requeue", detail: message, countsAsFailure: true };
}

function failed(reason: RunEndReason, detail: string): RunOutcome {
  return { kind: "end", end: { to: "FAILED", reason, detail } };
}

function waiting(detail: string): RunOutcome {
  const message =
    `The files of the run cannot be written: ${detail} The run waits. It continues from its last checkpoint ` +
    "automatically, once there is room and the folder is writable.";
  const warnings: RunWarning[] = [{ code: "DISK_FULL", message }];
  return { kind: "end", end: { to: "PAUSED", reason: null, detail, warnings, waitsForDisk: true } };
}

import { AppError } from "../core/app-error.js";
import type { RunEndReason, RunState } from "../core/enumerations.js";
import { Diverged } from "./callbacks/divergence.js";
import { AttemptReplaced } from "./run-attempt.js";
import { RunStopped } from "./run-stopped.js";

/** What becomes of a run whose attempt was left by an error. */
export type RunOutcome =
  /** It is another trainer's now, or over. */
  | { readonly kind: "leave" }
  | {
      readonly kind: "end";
      readonly to: RunState;
      readonly reason: RunEndReason;
      readonly detail: string | null;
    }
  /** It goes back to the queue and on from its last checkpoint. */
  | { readonly kind: "requeue"; readonly detail: string; readonly countsAsAttempt: boolean };

/**
 * Errors with a code are judgements that another attempt would repeat, so they end the run. Anything
 * else (a lost database, a full disk) may pass, so the run is tried again.
 */
export function outcomeOf(error: unknown): RunOutcome {
  if (error instanceof AttemptReplaced) return { kind: "leave" };
  if (error instanceof RunStopped) {
    return error.because === "CANCELLED"
      ? { kind: "end", to: "CANCELLED", reason: "CANCELLED", detail: null }
      : { kind: "requeue", detail: "The server was stopped.", countsAsAttempt: false };
  }
  if (error instanceof Diverged) return failed("DIVERGED", error.message);
  if (error instanceof AppError) return failed(reasonOf(error.code), error.message);
  return {
    kind: "requeue",
    detail: error instanceof Error ? error.message : String(error),
    countsAsAttempt: true,
  };
}

function failed(reason: RunEndReason, detail: string): RunOutcome {
  return { kind: "end", to: "FAILED", reason, detail };
}

/** Codes that are not the engine's or the graph's come from the data. */
function reasonOf(code: string): RunEndReason {
  if (code === "ENGINE_OUT_OF_MEMORY") return "OUT_OF_MEMORY";
  return /^(ENGINE|CHECKPOINT|NETWORK|TRAINING|GRAPH)_/.test(code) ? "ENGINE_ERROR" : "INVALID_DATA";
}

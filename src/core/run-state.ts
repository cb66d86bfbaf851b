import type { RunEndReason, RunState } from "./enumerations.js";

/** The state machine of a run: the states that may follow each state. A run that has ended can be queued again. */
export const NEXT_STATES: { readonly [From in RunState]: readonly RunState[] } = {
  QUEUED: ["PREPARING", "PAUSED", "CANCELLED"],
  PREPARING: ["RUNNING", "PAUSED", "INTERRUPTED", "FAILED", "CANCELLED"],
  RUNNING: ["PAUSED", "INTERRUPTED", "SUCCEEDED", "FAILED", "CANCELLED"],
  PAUSED: ["QUEUED", "CANCELLED"],
  INTERRUPTED: ["QUEUED", "PAUSED", "FAILED", "CANCELLED"],
  SUCCEEDED: ["QUEUED"],
  FAILED: ["QUEUED"],
  CANCELLED: ["QUEUED"],
};

/** The reasons with which a run may enter each state. A state without reasons is not terminal. */
export const END_REASONS: { readonly [To in RunState]: readonly RunEndReason[] } = {
  QUEUED: [],
  PREPARING: [],
  RUNNING: [],
  PAUSED: [],
  INTERRUPTED: [],
  SUCCEEDED: ["COMPLETED", "EARLY_STOPPED"],
  FAILED: ["DIVERGED", "OUT_OF_MEMORY", "ATTEMPTS_EXHAUSTED", "INVALID_DATA", "ENGINE_ERROR"],
  CANCELLED: ["CANCELLED"],
};

/** A change of state, which `RunStateStore.change` carries out. */
export interface StateChange {
  readonly runId: string;
  /** The attempt of the caller: the state of another attempt is never changed. */
  readonly attempt: number;
  readonly from: RunState;
  readonly to: RunState;
  /** Null exactly when `to` is not terminal. */
  readonly reason: RunEndReason | null;
  readonly detail: string | null;
}

/** Whether a run in this state has ended. It changes only when a user queues it again. */
export function isTerminal(state: RunState): boolean {
  return END_REASONS[state].length > 0;
}

/** The states in which a trainer works on the run. */
export const ACTIVE_STATES = ["PREPARING", "RUNNING"] as const satisfies readonly RunState[];
export type ActiveState = (typeof ACTIVE_STATES)[number];

export function isActive(state: RunState): state is ActiveState {
  return (ACTIVE_STATES as readonly RunState[]).includes(state);
}

/** Whether a run in this state has progress to show: a trainer works on it, or did until it was paused. */
export function hasProgress(state: RunState): boolean {
  return isActive(state) || state === "PAUSED";
}

/** Whether the change begins another attempt, which makes all later writes of the attempt before invalid. */
export function beginsAttempt({ to }: Pick<StateChange, "to">): boolean {
  return to === "QUEUED";
}

/** @throws Error for a change that the tables do not allow, which is a fault of the code and not of a user */
export function checkStateChange({ from, to, reason }: Pick<StateChange, "from" | "to" | "reason">): void {
  if (!NEXT_STATES[from].includes(to)) {
    throw new Error(`A run in the state ${from} may become ${NEXT_STATES[from].join(", ")}. Received ${to}.`);
  }
  const fits = reason === null ? !isTerminal(to) : END_REASONS[to].includes(reason);
  if (!fits) {
    throw new Error(
      `A run in the state ${to} must have the reason ${END_REASONS[to].join(" or ") || "null"}. Received ${reason}.`,
    );
  }
}

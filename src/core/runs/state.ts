/**
 * The state machine of a run: the meaning of each state, the states that may follow it, and the reasons with which a run
 * may enter it. A state with reasons is terminal. A run that has ended can be queued again.
 */
const STATES = {
  QUEUED: {
    description: "The run waits for a device; see `queuePosition`.",
    next: ["PREPARING", "PAUSED", "CANCELLED"],
    reasons: [],
  },
  PREPARING: {
    description: "Images are packed at the configured size, and the network is built.",
    next: ["RUNNING", "PAUSED", "INTERRUPTED", "FAILED", "CANCELLED"],
    reasons: [],
  },
  RUNNING: {
    description: "The run is training.",
    next: ["PAUSED", "INTERRUPTED", "SUCCEEDED", "FAILED", "CANCELLED"],
    reasons: [],
  },
  PAUSED: {
    description: "The run has saved a checkpoint and freed its device. `resumeRun` queues it again.",
    next: ["QUEUED", "CANCELLED"],
    reasons: [],
  },
  INTERRUPTED: {
    description: "The process of the run died. The run is queued again automatically.",
    next: ["QUEUED", "PAUSED", "FAILED", "CANCELLED"],
    reasons: [],
  },
  SUCCEEDED: {
    description: "The run ended with a usable checkpoint. `extendRun` trains it further.",
    next: ["QUEUED"],
    reasons: ["COMPLETED", "EARLY_STOPPED"],
  },
  FAILED: {
    description: "The run ended early; `endReason` says why. `retryRun` continues from its last checkpoint.",
    next: ["QUEUED"],
    reasons: ["DIVERGED", "OUT_OF_MEMORY", "ATTEMPTS_EXHAUSTED", "INVALID_DATA", "ENGINE_ERROR"],
  },
  CANCELLED: {
    description: "The run was cancelled. `retryRun` continues from its last checkpoint.",
    next: ["QUEUED"],
    reasons: ["CANCELLED"],
  },
} as const;

/** Why a run ended. */
export const RUN_END_REASONS = {
  COMPLETED: { description: "All epochs were trained." },
  EARLY_STOPPED: { description: "The monitored metric stopped improving; see `earlyStopping`." },
  CANCELLED: { description: "A user cancelled the run." },
  DIVERGED: { description: "The loss became infinite or not a number. A lower learning rate may help." },
  OUT_OF_MEMORY: { description: "Memory ran out. A smaller batch, image size or network may help." },
  ATTEMPTS_EXHAUSTED: { description: "The process of the run died too often." },
  INVALID_DATA: { description: "The dataset version could not be read." },
  ENGINE_ERROR: { description: "TensorFlow failed; `endDetail` holds its message." },
} as const;

export type RunState = keyof typeof STATES;
export type RunEndReason = keyof typeof RUN_END_REASONS;

interface RunStateFacts {
  readonly description: string;
  readonly next: readonly RunState[];
  readonly reasons: readonly RunEndReason[];
}

export const RUN_STATES: { readonly [State in RunState]: RunStateFacts } = STATES;

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
  return RUN_STATES[state].reasons.length > 0;
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
  const { next } = RUN_STATES[from];
  if (!next.includes(to)) {
    throw new Error(`A run in the state ${from} may become ${next.join(", ")}. Received ${to}.`);
  }
  const { reasons } = RUN_STATES[to];
  const fits = reason === null ? !isTerminal(to) : reasons.includes(reason);
  if (!fits) {
    throw new Error(
      `A run in the state ${to} must have the reason ${reasons.join(" or ") || "null"}. Received ${reason}.`,
    );
  }
}

import { AppError } from "../../core/app-error.js";
import { RunState } from "../../core/enumerations.js";
import { isActive, isTerminal } from "../../core/runs/state.js";

/** An action on a run, and the states in which it is allowed. */
interface Control {
  readonly done: string;
  readonly from: readonly RunState[];
  readonly code: "RUN_ALREADY_ENDED" | "RUN_STATE_INVALID";
  /** Advice for a run in another state. */
  readonly otherwise: string;
}

const STATES = Object.values(RunState);

export const CONTROLS = {
  cancel: {
    done: "cancelled",
    from: STATES.filter((state) => !isTerminal(state)),
    code: "RUN_ALREADY_ENDED",
    otherwise: "A run that has ended can be deleted.",
  },
  pause: {
    done: "paused",
    from: ["QUEUED", "PREPARING", "RUNNING", "INTERRUPTED"],
    code: "RUN_STATE_INVALID",
    otherwise: "A run that has ended has nothing to pause.",
  },
  resume: {
    done: "resumed",
    from: ["PAUSED"],
    code: "RUN_STATE_INVALID",
    otherwise: "Retry a run that is FAILED or CANCELLED, and extend a run that is SUCCEEDED.",
  },
  retry: {
    done: "retried",
    from: ["FAILED", "CANCELLED"],
    code: "RUN_STATE_INVALID",
    otherwise: "Resume a run that is PAUSED, and extend a run that is SUCCEEDED.",
  },
  extend: {
    done: "extended",
    from: ["SUCCEEDED"],
    code: "RUN_STATE_INVALID",
    otherwise: "Retry a run that is FAILED or CANCELLED, and extend it once it is SUCCEEDED.",
  },
  delete: {
    done: "deleted",
    from: STATES.filter((state) => !isActive(state) && state !== "INTERRUPTED"),
    code: "RUN_STATE_INVALID",
    otherwise: "Cancel a run that is in progress, and delete it once it is CANCELLED.",
  },
} as const satisfies Record<string, Control>;

export type ControlName = keyof typeof CONTROLS;

/** @throws AppError `RUN_ALREADY_ENDED` or `RUN_STATE_INVALID`, with the states expected and the one received */
export function checkControl(
  name: ControlName,
  run: { readonly id: string; readonly state: RunState },
): void {
  const { done, from, code, otherwise }: Control = CONTROLS[name];
  if (from.includes(run.state)) return;
  throw new AppError(
    code,
    `Only a run that is ${inWords(from)} can be ${done}. The run ${run.id} is ${run.state}. ${otherwise}`,
    { path: ["runId"] },
  );
}

function inWords(states: readonly RunState[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(states);
}

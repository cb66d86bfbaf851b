/** The state machine of an export: the meaning of each state and the states that may follow it. */
const STATES = {
  QUEUED: {
    description: "The export waits for its turn: a server carries out one at a time.",
    next: ["RUNNING", "CANCELLED"],
  },
  RUNNING: {
    description:
      "The file is being written and proven. If the server stops, the export is queued again and starts from its beginning.",
    next: ["QUEUED", "READY", "REJECTED", "FAILED", "CANCELLED"],
  },
  READY: {
    description:
      "The file is complete. Its proof is within the bounds, or says why it could not be measured.",
    next: [],
  },
  REJECTED: {
    description:
      "The file is complete, but its proof is outside the bounds; see `rejectionReasons`. It is kept for inspection.",
    next: [],
  },
  FAILED: { description: "No file could be made; `failure` says why.", next: [] },
  CANCELLED: { description: "A user cancelled the export. It has no file.", next: [] },
} as const;

export type ExportState = keyof typeof STATES;

interface ExportStateFacts {
  readonly description: string;
  readonly next: readonly ExportState[];
}

export const EXPORT_STATES: { readonly [State in ExportState]: ExportStateFacts } = STATES;

/** The states of exports that have not ended. */
export const UNFINISHED_STATES = ["QUEUED", "RUNNING"] as const satisfies readonly ExportState[];

/** Whether an export in this state has ended: it never changes again. */
export function hasEnded(state: ExportState): boolean {
  return EXPORT_STATES[state].next.length === 0;
}

/** The states of exports that have a file. */
export const STATES_WITH_FILES = ["READY", "REJECTED"] as const satisfies readonly ExportState[];

export function hasFile(state: ExportState): boolean {
  return (STATES_WITH_FILES as readonly ExportState[]).includes(state);
}

/** @throws Error for a change that the table does not allow, which is a fault of the code and not of a user */
export function checkExportStateChange(from: ExportState, to: ExportState): void {
  const { next } = EXPORT_STATES[from];
  if (next.includes(to)) return;
  throw new Error(
    `An export in the state ${from} may become ${next.join(", ") || "nothing else"}. Received ${to}.`,
  );
}

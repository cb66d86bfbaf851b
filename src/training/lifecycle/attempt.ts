/** One attempt at a run. Every write of a trainer names it, so that a replaced trainer changes nothing. */
export interface RunAttempt {
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
}

/** Another trainer took over the run, or the run has ended, so this trainer has nothing left to write. */
export class AttemptReplaced extends Error {
  constructor({ runId, attempt }: RunAttempt) {
    super(`Attempt ${attempt} at the run ${runId} is no longer the current one.`);
    this.name = "AttemptReplaced";
  }
}

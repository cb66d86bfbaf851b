/** One try at a run. Every write of a trainer names it, so that a trainer that was replaced changes nothing. */
export interface RunAttempt {
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
}

/** The run went on without this trainer: another took it over, or it was ended. There is nothing left to write. */
export class AttemptReplaced extends Error {
  constructor({ runId, attempt }: RunAttempt) {
    super(`Attempt ${attempt} at the run ${runId} is no longer the current one.`);
    this.name = "AttemptReplaced";
  }
}

/** Where a run is, and when it was there. */
export interface StepMark {
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  readonly atMs: number;
}

/**
 * Seconds a step of a run, from marks that may skip steps: a run tells at most four times a second. What
 * lies between two epochs counts for nothing: that is validation and a checkpoint.
 */
export class StepTimes {
  readonly #secondsPerStep: number[] = [];
  #last: StepMark | null = null;
  #seen = 0;

  /** @param warmUpSteps steps that are not measured, in which buffers are allocated and kernels chosen */
  constructor(private readonly warmUpSteps: number) {}

  /** Steps that were measured, each with the mean of the steps between the two marks around it. */
  get values(): readonly number[] {
    return this.#secondsPerStep;
  }

  /** @returns the steps measured since the mark before */
  observe(mark: StepMark): number {
    const last = this.#last;
    const sameEpoch = last?.epoch === mark.epoch;
    const steps = sameEpoch ? mark.step - last.step : mark.step;
    if (steps <= 0) return 0; // told twice
    const measured = this.#seen >= this.warmUpSteps && sameEpoch ? steps : 0;
    if (last !== null && measured > 0) {
      const seconds = (mark.atMs - last.atMs) / 1000 / steps;
      this.#secondsPerStep.push(...Array.from({ length: steps }, () => seconds));
    }
    this.#last = mark;
    this.#seen += steps;
    return measured;
  }
}

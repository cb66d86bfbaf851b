/** The position of a run at a time. */
export interface StepMark {
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  readonly atMs: number;
}

/**
 * Computes the seconds per step of a run from marks. Marks may skip steps, since a run reports its progress at most four
 * times per second. The time between two epochs, with validation and a checkpoint, is not counted.
 */
export class StepTimes {
  readonly #secondsPerStep: number[] = [];
  #last: StepMark | null = null;
  #seen = 0;

  /** @param warmUpSteps first steps that are not measured: they allocate buffers and choose kernels */
  constructor(private readonly warmUpSteps: number) {}

  /** Seconds of each measured step. Steps between the same two marks have their mean. */
  get values(): readonly number[] {
    return this.#secondsPerStep;
  }

  /** @returns the number of steps that were measured since the last mark */
  observe(mark: StepMark): number {
    const last = this.#last;
    const sameEpoch = last?.epoch === mark.epoch;
    const steps = sameEpoch ? mark.step - last.step : mark.step;
    if (steps <= 0) return 0; // The same progress again.
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

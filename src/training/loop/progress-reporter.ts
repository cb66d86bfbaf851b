import type { RunProgress } from "../../core/run-events.js";
import type { Clock } from "../../lang/clock.js";
import type { StepReport } from "./epoch-loop.js";

/** At most four a second. */
const INTERVAL_MS = 250;

export interface Progress {
  readonly progress: RunProgress;
  /** Null while preparing. */
  readonly loss: number | null;
  /** From 1. */
  readonly counter: number;
  readonly at: Date;
}

/** The size of the work, for what is left of it. */
export interface WorkSize {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Tells how far a run is. It never makes a step wait: while one report is being written, or too soon
 * after the last, reports are dropped.
 */
export class ProgressReporter {
  #counter = 0;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | null = null;
  /** Of the epoch under way. */
  #epoch = { startedMs: 0, images: 0 };
  /** Of this attempt: when its first epoch began, and the steps since. */
  #attempt = { startedMs: 0, steps: 0 };

  /** @param write must not reject */
  constructor(
    private readonly write: (progress: Progress) => Promise<void>,
    private readonly clock: Clock,
  ) {}

  /** Pictures packed, of all there are to pack. */
  preparing(epochs: number, done: number, total: number): void {
    this.#report(null, () => ({
      epoch: 0,
      epochs,
      step: done,
      stepsPerEpoch: total,
      imagesPerSecond: null,
      remainingSeconds: null,
    }));
  }

  epochStarted(): void {
    const nowMs = this.clock.monotonicMs();
    this.#epoch = { startedMs: nowMs, images: 0 };
    if (this.#attempt.steps === 0) this.#attempt.startedMs = nowMs;
  }

  stepFinished({ epoch, step, images, loss }: StepReport, { epochs, stepsPerEpoch }: WorkSize): void {
    this.#epoch.images += images;
    this.#attempt.steps += 1;
    this.#report(loss, (nowMs) => {
      // Validation and checkpoints of the epochs done are in the time of this attempt, so in the mean.
      const secondsPerStep = (nowMs - this.#attempt.startedMs) / 1000 / this.#attempt.steps;
      return {
        epoch,
        epochs,
        step,
        stepsPerEpoch,
        imagesPerSecond: rate(this.#epoch.images, nowMs - this.#epoch.startedMs),
        remainingSeconds: ((epochs - epoch + 1) * stepsPerEpoch - step) * secondsPerStep,
      };
    });
  }

  /** Resolves when nothing is being written. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  #report(loss: number | null, progressAt: (nowMs: number) => RunProgress): void {
    const nowMs = this.clock.monotonicMs();
    if (this.#writing !== null || nowMs - this.#lastReportMs < INTERVAL_MS) return;
    this.#lastReportMs = nowMs;
    this.#counter += 1;
    const progress = { progress: progressAt(nowMs), loss, counter: this.#counter, at: this.clock.now() };
    this.#writing = this.write(progress).finally(() => {
      this.#writing = null;
    });
  }
}

function rate(images: number, milliseconds: number): number | null {
  return milliseconds > 0 ? (images * 1000) / milliseconds : null;
}

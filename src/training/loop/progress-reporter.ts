import type { RunProgress } from "../../core/runs/events.js";
import type { Clock } from "../../lang/clock.js";
import type { StepReport } from "./epoch-loop.js";

/** At most four reports per second. */
const INTERVAL_MS = 250;

export interface Progress {
  readonly progress: RunProgress;
  /** Null while preparing. */
  readonly loss: number | null;
  /** Counted from 1. */
  readonly counter: number;
  readonly at: Date;
}

/** The size of the work, from which the remaining time is estimated. */
export interface WorkSize {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * Reports the progress of a run. It never delays a step: reports are dropped while one is being written, or when they
 * come too soon after the last one.
 */
export class ProgressReporter {
  #counter = 0;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | null = null;
  /** Start and number of images of the current epoch. */
  #epoch = { startedMs: 0, images: 0 };
  /** When the first epoch of this attempt began, and the number of steps since then. */
  #attempt = { startedMs: 0, steps: 0 };

  /** @param write must not reject */
  constructor(
    private readonly write: (progress: Progress) => Promise<void>,
    private readonly clock: Clock,
  ) {}

  /** @param done number of packed images, or of downloaded mebibytes */
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
      // The time of this attempt includes the validation and checkpoints of its epochs, and so does the mean.
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

  /** Resolves when no report is being written. */
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

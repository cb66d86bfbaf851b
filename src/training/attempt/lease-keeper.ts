import { AttemptReplaced, type RunAttempt } from "../lifecycle/attempt.js";
import type { StopRequest } from "../lifecycle/queue-store.js";
import type { AttemptTime } from "./attempt-time.js";
import type { RunTrainingOptions } from "./options.js";

/** A lease is renewed this many times per lease period, so that a few renewals may fail. */
const RENEWALS_PER_LEASE = 5;

export interface LeaseWatch {
  readonly onRequest: (request: StopRequest) => void;
  /** Another attempt has replaced this one. */
  readonly onReplaced: (error: AttemptReplaced) => void;
}

/** Renews the lease of a run, reports the time spent on it, and receives the requests to stop it. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #looking: Promise<void> | null = null;
  #lookAgain = false;

  constructor(
    private readonly options: Pick<RunTrainingOptions, "stores" | "lease" | "log">,
    private readonly attempt: RunAttempt,
    private readonly time: AttemptTime,
    private readonly watch: LeaseWatch,
  ) {
    const { stores, lease } = options;
    this.#timer = setInterval(this.#look, (lease.seconds * 1000) / RENEWALS_PER_LEASE);
    this.#unsubscribe = stores.queue.onStopRequest(attempt.runId, this.#look);
    this.#look(); // A request can have come before the subscription.
  }

  /** One look at a time. A notification during a look causes another one. */
  readonly #look = (): void => {
    this.#lookAgain = true;
    this.#looking ??= this.#renew().finally(() => {
      this.#looking = null;
    });
  };

  async #renew(): Promise<void> {
    const { stores, lease, log } = this.options;
    while (this.#lookAgain) {
      this.#lookAgain = false;
      try {
        const request = await stores.queue.renew(this.attempt, lease, this.time.totalSeconds);
        if (request !== null) this.watch.onRequest(request);
      } catch (error) {
        if (error instanceof AttemptReplaced) this.watch.onReplaced(error);
        else log.warn("could not renew the lease of a run", { ...this.attempt, error });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe();
    await this.#looking;
  }
}

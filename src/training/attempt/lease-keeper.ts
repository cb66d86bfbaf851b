import { AttemptReplaced, type RunAttempt } from "../lifecycle/attempt.js";
import type { StopRequest } from "../lifecycle/queue-store.js";
import type { RunTrainingOptions } from "./options.js";

/** So often is a lease renewed while it lasts: a few renewals may be lost. */
const RENEWALS = 5;

export interface LeaseWatch {
  readonly onRequest: (request: StopRequest) => void;
  /** The attempt is another's now. */
  readonly onReplaced: (error: AttemptReplaced) => void;
}

/** Tells the database that a worker is alive, and its worker what the run was asked to do. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #looking: Promise<void> | null = null;
  #lookAgain = false;

  constructor(
    private readonly options: Pick<RunTrainingOptions, "stores" | "lease" | "log">,
    private readonly attempt: RunAttempt,
    private readonly watch: LeaseWatch,
  ) {
    const { stores, lease } = options;
    this.#timer = setInterval(this.#look, (lease.seconds * 1000) / RENEWALS);
    this.#unsubscribe = stores.queue.onStopRequest(attempt.runId, this.#look);
    this.#look(); // It may have been asked for before anyone listened.
  }

  /** One look at a time; a ring meanwhile asks for one more. */
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
        const request = await stores.queue.renew(this.attempt, lease);
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

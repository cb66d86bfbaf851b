import { AppError } from "../../core/app-error.js";
import type { RunState } from "../../core/enumerations.js";
import { runNotFound } from "../../core/run-not-found.js";
import { isActive, type StateChange } from "../../core/run-state.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { Clock } from "../../lang/clock.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN_COLUMNS, type RunRow, runRecordOf } from "../record/run-row.js";
import { type ControlName, checkControl } from "./control.js";
import type { StopRequest } from "./queue-store.js";
import type { RunStateStore } from "./state-store.js";

const MAX_EPOCHS = RUN_SETTINGS.settings.epochs.to;

/** Carries out what people ask of runs. Each answers with the run as it is then. */
export class RunControlStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends a run that waits at once. One that is at work stops at its next step, keeps what it learnt, and is
   * CANCELLED then; its events tell when.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_ALREADY_ENDED`
   */
  cancel(runId: string): Promise<RunRecord> {
    return this.#control("cancel", runId, async (client, run) => {
      if (isActive(run.state)) await this.#askToStop(client, run, "CANCEL");
      else await this.#change(client, run, { to: "CANCELLED", reason: "CANCELLED" });
    });
  }

  /**
   * Takes a run that waits out of the queue at once. One that is at work stops at its next step, saves a
   * checkpoint, gives its device back and is PAUSED then.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  pause(runId: string): Promise<RunRecord> {
    return this.#control("pause", runId, async (client, run) => {
      if (!isActive(run.state)) {
        await this.#change(client, run, { to: "PAUSED" });
        return;
      }
      if (run.stopRequested === "CANCEL") {
        throw new AppError(
          "RUN_STATE_INVALID",
          `A run that is being cancelled cannot be paused. The run ${runId} is CANCELLED at its next step; retry it then.`,
          { path: ["runId"] },
        );
      }
      await this.#askToStop(client, run, "PAUSE");
    });
  }

  /**
   * Puts a paused run back where it was in the queue; it goes on from its last checkpoint.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  resume(runId: string): Promise<RunRecord> {
    return this.#control("resume", runId, (client, run) => this.#queue(client, run, null));
  }

  /**
   * Puts a run that failed or was cancelled at the end of the queue; it goes on from its last checkpoint.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  retry(runId: string): Promise<RunRecord> {
    return this.#control("retry", runId, (client, run) => this.#queue(client, run, null));
  }

  /**
   * Puts a run that succeeded at the end of the queue, to go on from its last checkpoint until it has trained
   * `epochs` in all. Its schedule is the one of a run of that length from there on, and its patience starts anew,
   * as with a second `fit` in Keras.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `CONFIGURATION_INVALID`
   */
  extend(runId: string, epochs: number): Promise<RunRecord> {
    return this.#control("extend", runId, async (client, run) => {
      const { rows } = await client.query<{ planned: number; trained: number }>(
        `select (r.configuration ->> 'epochs')::int as planned,
           (select coalesce(max(number), 0) from epoch where run_id = r.id) as trained
         from run r where r.id = $1`,
        [runId],
      );
      const { planned = 0, trained = 0 } = rows[0] ?? {};
      // One that stopped early may go on to where it was to end.
      const least = Math.max(planned, trained + 1);
      if (!Number.isInteger(epochs) || epochs < least || epochs > MAX_EPOCHS) {
        throw new AppError(
          "CONFIGURATION_INVALID",
          `epochs is the new total and must be a whole number from ${least} to ${MAX_EPOCHS}: the run ${runId} ` +
            `trained ${trained} of ${planned}. Received ${epochs}.`,
          { path: ["epochs"] },
        );
      }
      await client.query(
        `update run set configuration = configuration || jsonb_build_object(
           'epochs', $2::int, 'extendedAfterEpochs', configuration -> 'extendedAfterEpochs' || to_jsonb($3::int))
         where id = $1`,
        [runId, epochs, trained],
      );
      await this.#queue(client, run, `Extended after epoch ${trained}, to ${epochs} epochs in all.`);
    });
  }

  async #control(
    name: ControlName,
    runId: string,
    work: (client: Transaction, run: ControlledRun) => Promise<void>,
  ): Promise<RunRecord> {
    return this.database.transaction(async (client) => {
      // The lock keeps a trainer from claiming the run between reading its state and changing it.
      const { rows } = await client.query<ControlledRun>(
        `select id, state, attempt, stop_requested as "stopRequested" from run where id = $1 for update`,
        [runId],
      );
      const [run] = rows;
      if (run === undefined) throw runNotFound(runId);
      checkControl(name, run);
      await work(client, run);
      const after = await client.query<RunRow>(`select ${RUN_COLUMNS} from run r where r.id = $1`, [runId]);
      const [row] = after.rows;
      if (row === undefined) throw new Error(`The run ${runId}, which is locked, has gone.`);
      return runRecordOf(row);
    });
  }

  /** Its trainer looks when the doorbell rings, and whenever it renews its lease. */
  async #askToStop(client: Transaction, run: ControlledRun, request: StopRequest): Promise<void> {
    await client.query(`update run set stop_requested = $2::stop_request where id = $1`, [run.id, request]);
    await this.database.notifier.notify(`stop:${run.id}`, client);
  }

  async #queue(client: Transaction, run: ControlledRun, detail: string | null): Promise<void> {
    await this.#change(client, run, { to: "QUEUED", detail });
    await this.database.notifier.notify("queue", client);
  }

  async #change(
    client: Transaction,
    { id: runId, attempt, state: from }: ControlledRun,
    { to, reason = null, detail = null }: Pick<StateChange, "to"> & Partial<StateChange>,
  ): Promise<void> {
    await this.states.change(client, { runId, attempt, from, to, reason, detail }, this.clock.now());
  }
}

/** A run whose row is locked. */
interface ControlledRun {
  readonly id: string;
  readonly state: RunState;
  readonly attempt: number;
  readonly stopRequested: StopRequest | null;
}

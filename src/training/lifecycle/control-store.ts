import type { Selectable } from "kysely";
import { AppError } from "../../core/app-error.js";
import { runNotFound } from "../../core/runs/not-found.js";
import { isActive, type StateChange } from "../../core/runs/state.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { readRunConfiguration } from "../../core/settings/stored-configuration.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { prismaJson } from "../../db/prisma-json.js";
import type { Transaction } from "../../db/transaction.js";
import type { Clock } from "../../lang/clock.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN, runRecordOf } from "../record/run-row.js";
import { type ControlName, checkControl } from "./control.js";
import type { StopRequest } from "./queue-store.js";
import type { RunStateStore } from "./state-store.js";

const MAX_EPOCHS = RUN_SETTINGS.settings.epochs.to;

/** Carries out the actions of users on runs. Each method returns the run after the action. */
export class RunControlStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends a waiting run at once. An active run stops at its next step, keeps its checkpoints, and is CANCELLED then,
   * which its events report.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_ALREADY_ENDED`
   */
  cancel(runId: string): Promise<RunRecord> {
    return this.#control("cancel", runId, async (transaction, run) => {
      if (isActive(run.state)) await this.#askToStop(transaction, run, "CANCEL");
      else await this.#change(transaction, run, { to: "CANCELLED", reason: "CANCELLED" });
    });
  }

  /**
   * Takes a waiting run out of the queue at once. An active run stops at its next step, saves a checkpoint, releases
   * its device, and is PAUSED then.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  pause(runId: string): Promise<RunRecord> {
    return this.#control("pause", runId, async (transaction, run) => {
      if (!isActive(run.state)) {
        await this.#change(transaction, run, { to: "PAUSED" });
        return;
      }
      if (run.stopRequested === "CANCEL") {
        throw new AppError(
          "RUN_STATE_INVALID",
          `A run that is being cancelled cannot be paused. The run ${runId} is CANCELLED at its next step; retry it then.`,
          { path: ["runId"] },
        );
      }
      await this.#askToStop(transaction, run, "PAUSE");
    });
  }

  /**
   * Puts a paused run back into its place in the queue. It continues from its last checkpoint.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  resume(runId: string): Promise<RunRecord> {
    return this.#control("resume", runId, (transaction, run) => this.#queue(transaction, run, null));
  }

  /**
   * Puts a failed or cancelled run at the end of the queue. It continues from its last checkpoint.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`
   */
  retry(runId: string): Promise<RunRecord> {
    return this.#control("retry", runId, (transaction, run) => this.#queue(transaction, run, null));
  }

  /**
   * Puts a run that succeeded at the end of the queue. It continues from its last checkpoint until it has trained
   * `epochs` in total. From there on its schedule is that of a run of that length, and its patience starts again, as
   * with a second `fit` in Keras.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `CONFIGURATION_INVALID`
   */
  extend(runId: string, epochs: number): Promise<RunRecord> {
    return this.#control("extend", runId, async (transaction, run) => {
      const { prisma } = transaction;
      const { configuration: stored } = await prisma.run.findUniqueOrThrow({
        where: { id: runId },
        select: { configuration: true },
      });
      const configuration = readRunConfiguration(stored);
      const { _max } = await prisma.epoch.aggregate({ where: { runId }, _max: { number: true } });
      const planned = configuration.epochs;
      const trained = _max.number ?? 0;
      // A run that stopped early may continue to its original number of epochs.
      const least = Math.max(planned, trained + 1);
      if (!Number.isInteger(epochs) || epochs < least || epochs > MAX_EPOCHS) {
        throw new AppError(
          "CONFIGURATION_INVALID",
          `epochs is the new total and must be a whole number from ${least} to ${MAX_EPOCHS}: the run ${runId} ` +
            `trained ${trained} of ${planned}. Received ${epochs}.`,
          { path: ["epochs"] },
        );
      }
      const extendedAfterEpochs = [...configuration.extendedAfterEpochs, trained];
      await prisma.run.updateMany({
        where: { id: runId },
        data: { configuration: prismaJson({ ...configuration, epochs, extendedAfterEpochs }) },
      });
      await this.#queue(transaction, run, `Extended after epoch ${trained}, to ${epochs} epochs in all.`);
    });
  }

  async #control(
    name: ControlName,
    runId: string,
    work: (transaction: Transaction, run: ControlledRun) => Promise<void>,
  ): Promise<RunRecord> {
    return this.database.transaction(async (transaction) => {
      // The lock keeps a trainer from claiming the run between reading its state and changing it.
      const run = await transaction.kysely
        .selectFrom("run")
        .select(["id", "state", "attempt", "stopRequested"])
        .where("id", "=", runId)
        .forUpdate()
        .executeTakeFirst();
      if (run === undefined) throw runNotFound(runId);
      checkControl(name, run);
      await work(transaction, run);
      return runRecordOf(
        await transaction.prisma.run.findUniqueOrThrow({ where: { id: runId }, select: RUN }),
      );
    });
  }

  /** Requests a stop. The trainer reads the request when it is notified, and whenever it renews its lease. */
  async #askToStop(transaction: Transaction, run: ControlledRun, request: StopRequest): Promise<void> {
    await transaction.prisma.run.updateMany({ where: { id: run.id }, data: { stopRequested: request } });
    await this.database.notifier.notify(`stop:${run.id}`, transaction);
  }

  async #queue(transaction: Transaction, run: ControlledRun, detail: string | null): Promise<void> {
    await this.#change(transaction, run, { to: "QUEUED", detail });
    await this.database.notifier.notify("queue", transaction);
  }

  async #change(
    transaction: Transaction,
    { id: runId, attempt, state: from }: ControlledRun,
    { to, reason = null, detail = null }: Pick<StateChange, "to"> & Partial<StateChange>,
  ): Promise<void> {
    await this.states.change(transaction, { runId, attempt, from, to, reason, detail }, this.clock.now());
  }
}

/** A run whose row is locked. */
type ControlledRun = Pick<Selectable<Tables["run"]>, "id" | "state" | "attempt" | "stopRequested">;

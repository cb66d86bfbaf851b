import { z } from "zod";
import { newId } from "../../core/ids.js";
import { encodeJson, parseStored, storedNumber } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { RunEventStore } from "../events/event-store.js";
import { EPOCH_POSITION } from "./epoch-position.js";

/** The files of a checkpoint, which are complete on the disk before a row names them. */
export interface SavedCheckpoint {
  /** The epoch that it ends, or lies in. */
  readonly epoch: number;
  /** Optimizer steps taken. */
  readonly step: number;
  /** Where in the epoch, and the learning rate there; null: at its end. */
  readonly position: CheckpointPosition | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Below the run's folder of checkpoints. */
  readonly folder: string;
}

const CHECKPOINT_POSITION = z.object({ ...EPOCH_POSITION.shape, learningRate: storedNumber });
export type CheckpointPosition = Readonly<z.infer<typeof CHECKPOINT_POSITION>>;

const STORED_POSITION = CHECKPOINT_POSITION.nullable();

export interface KeptCheckpoint extends SavedCheckpoint {
  readonly best: boolean;
}

/** More than one, because a damaged checkpoint is replaced by the one before. */
const NEWEST_KEPT = 2;

/** Checkpoints of runs. A run keeps the best one and the newest. */
export class CheckpointStore {
  constructor(
    private readonly database: Database,
    private readonly events: RunEventStore,
  ) {}

  /** Newest first. */
  async list(runId: string): Promise<readonly KeptCheckpoint[]> {
    const rows = await this.database.prisma.checkpoint.findMany({
      where: { runId },
      select: {
        epoch: true,
        step: true,
        position: true,
        best: true,
        sizeBytes: true,
        sha256: true,
        folder: true,
      },
      orderBy: { step: "desc" },
    });
    return rows.map(({ position, sizeBytes, ...row }) => ({
      ...row,
      position: parseStored(STORED_POSITION, position, "position of a checkpoint"),
      sizeBytes: Number(sizeBytes),
    }));
  }

  /**
   * Records a checkpoint with its event, as a part of the caller's transaction. A recorded name changes nothing.
   *
   * @returns folders that no row names any longer
   */
  async keep(
    transaction: Transaction,
    runId: string,
    checkpoint: KeptCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    const { kysely } = transaction;
    const { folder, position, ...record } = checkpoint;
    const { step, best } = record;
    const there = await kysely
      .deleteFrom("checkpoint")
      .where("runId", "=", runId)
      .where("step", "=", step)
      .where("folder", "<>", folder)
      .returning("folder")
      .execute();
    const { numInsertedOrUpdatedRows } = await kysely
      .insertInto("checkpoint")
      .values({
        id: newId("checkpoint"),
        runId,
        ...record,
        position: position === null ? null : encodeJson(position),
        folder,
        createdAt: at,
      })
      .onConflict((conflict) => conflict.columns(["runId", "step"]).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return [];
    if (best) {
      await kysely
        .updateTable("checkpoint")
        .set({ best: false })
        .where("runId", "=", runId)
        .where("step", "<>", step)
        .execute();
    }
    const old = await kysely
      .deleteFrom("checkpoint")
      .where("runId", "=", runId)
      .where("best", "=", false)
      .where("step", "not in", ({ selectFrom }) =>
        selectFrom("checkpoint as newest")
          .select("newest.step")
          .where("newest.runId", "=", runId)
          .orderBy("newest.step", "desc")
          .limit(NEWEST_KEPT),
      )
      .returning("folder")
      .execute();
    const body = { kind: "CheckpointSaved", checkpoint: { ...record, createdAt: at } } as const;
    await this.events.append(transaction, runId, body, at);
    return [...there, ...old].map((row) => row.folder);
  }

  /** As a part of the caller's transaction. */
  async dropAfter({ prisma }: Transaction, runId: string, step: number): Promise<void> {
    await prisma.checkpoint.deleteMany({ where: { runId, step: { gt: step } } });
  }
}

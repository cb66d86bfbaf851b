import { newId } from "../../core/ids.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { RunEventStore } from "../events/event-store.js";
import type { EpochPosition } from "./epoch-position.js";

/** A checkpoint's files, which are whole on the disk before a row names them. */
export interface SavedCheckpoint {
  /** The epoch that it ends, or lies in. */
  readonly epoch: number;
  /** Optimiser steps taken. */
  readonly step: number;
  /** Where in the epoch, and the learning rate there; null: at its end. */
  readonly position: CheckpointPosition | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Below the run's folder of checkpoints. */
  readonly folder: string;
}

export type CheckpointPosition = EpochPosition & { readonly learningRate: number };

export interface KeptCheckpoint extends SavedCheckpoint {
  readonly best: boolean;
}

/** One that turns out to be damaged is replaced by the one before. */
const NEWEST_KEPT = 2;

/** Which checkpoints a run has: the best, and the newest. */
export class CheckpointStore {
  constructor(
    private readonly database: Database,
    private readonly events: RunEventStore,
  ) {}

  /** Newest first. */
  async list(runId: string): Promise<readonly KeptCheckpoint[]> {
    const { rows } = await this.database.pool.query<KeptCheckpoint>(
      `select epoch, step, position, best, size_bytes::float8 as "sizeBytes", sha256, folder from checkpoint
       where run_id = $1 order by step desc`,
      [runId],
    );
    return rows;
  }

  /**
   * Names a checkpoint and tells of it, as a part of the caller's transaction. A name that is there already changes
   * nothing.
   *
   * @returns folders that nothing names any more
   */
  async keep(
    client: Transaction,
    runId: string,
    checkpoint: KeptCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    const { folder, position, ...record } = checkpoint;
    const { epoch, step, best, sizeBytes, sha256 } = record;
    const there = await client.query<{ folder: string }>(
      `delete from checkpoint where run_id = $1 and step = $2 and folder <> $3 returning folder`,
      [runId, step, folder],
    );
    const { rowCount } = await client.query(
      `insert into checkpoint (id, run_id, epoch, step, position, best, size_bytes, sha256, folder, created_at)
       values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10) on conflict (run_id, step) do nothing`,
      [
        newId("checkpoint"),
        runId,
        epoch,
        step,
        position === null ? null : JSON.stringify(position),
        best,
        sizeBytes,
        sha256,
        folder,
        at,
      ],
    );
    if (rowCount === 0) return [];
    if (best) {
      await client.query(`update checkpoint set best = false where run_id = $1 and step <> $2`, [
        runId,
        step,
      ]);
    }
    const old = await client.query<{ folder: string }>(
      `delete from checkpoint where run_id = $1 and not best and step not in
         (select step from checkpoint where run_id = $1 order by step desc limit $2)
       returning folder`,
      [runId, NEWEST_KEPT],
    );
    const body = { kind: "CheckpointSaved", checkpoint: { ...record, createdAt: at } } as const;
    await this.events.append(client, runId, body, at);
    return [...there.rows, ...old.rows].map((row) => row.folder);
  }

  /** As a part of the caller's transaction. */
  async dropAfter(client: Transaction, runId: string, step: number): Promise<void> {
    await client.query(`delete from checkpoint where run_id = $1 and step > $2`, [runId, step]);
  }
}

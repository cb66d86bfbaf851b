import { AppError } from "../../core/app-error.js";
import type { Split } from "../../core/enumerations.js";
import type { ErrorCode } from "../../core/error-codes.js";
import { checkSameRequest, type Idempotency } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import { ImportLease, importKey } from "./import-lease-store.js";
import type { EarlierSplits, SplitRatios } from "./split-assignment.js";

export type ImportSourceRef = { readonly uploadId: string } | { readonly folder: string };

export interface NewImport {
  readonly dataset: string;
  /** Null leaves the description of an existing data set as it is. */
  readonly description: string | null;
  readonly source: ImportSourceRef;
  readonly split: SplitRatios;
  readonly idempotency: Idempotency | null;
}

/** An import that has begun and not ended: under way, or left by a process that died. */
export interface UnfinishedImport {
  readonly versionId: string;
  readonly datasetId: string;
  readonly number: number;
  readonly source: ImportSourceRef;
  readonly split: SplitRatios;
}

/** Writes dataset versions as they are imported. */
export class DatasetImportStore {
  constructor(private readonly database: Database) {}

  /**
   * The version that an earlier request with the same key began.
   *
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` when that request was another one
   */
  async findByIdempotency(idempotency: Idempotency): Promise<string | null> {
    const { rows } = await this.database.pool.query<{ id: string; hash: string | null }>(
      `SELECT id, idempotency_hash AS hash FROM dataset_version WHERE idempotency_key = $1`,
      [idempotency.key],
    );
    const [earlier] = rows;
    if (earlier === undefined) return null;
    checkSameRequest(idempotency, earlier.hash);
    return earlier.id;
  }

  /**
   * Creates the next version of a data set, and the data set when it is new, with status IMPORTING.
   * Requests with one idempotency key, also at the same time, make one version.
   *
   * @returns its id, or that of the earlier request with the same key
   * @throws AppError `IDEMPOTENCY_KEY_REUSED`
   */
  async create(request: NewImport): Promise<{ versionId: string; created: boolean }> {
    const { idempotency } = request;
    const versionId = await this.database.transaction((client) => insertVersion(client, request));
    if (versionId !== null) return { versionId, created: true };
    const earlier = idempotency === null ? null : await this.findByIdempotency(idempotency);
    if (earlier === null) throw new Error("A version was neither inserted nor found by its idempotency key.");
    return { versionId: earlier, created: false };
  }

  /** Those of all data sets, each data set's in the order of their numbers. */
  async listUnfinished(): Promise<UnfinishedImport[]> {
    return this.#unfinished("v.status = 'IMPORTING'", []);
  }

  /** Null when it has ended. */
  async findUnfinished(versionId: string): Promise<UnfinishedImport | null> {
    return (await this.#unfinished("v.status = 'IMPORTING' AND v.id = $1", [versionId]))[0] ?? null;
  }

  async #unfinished(condition: string, values: unknown[]): Promise<UnfinishedImport[]> {
    const { rows } = await this.database.pool.query<UnfinishedImport>(
      `SELECT v.id AS "versionId", v.dataset_id AS "datasetId", v.number, v.source, json_build_object(
         'validation', v.validation_fraction, 'test', v.test_fraction, 'seed', v.split_seed) AS split
       FROM dataset_version v WHERE ${condition} ORDER BY v.dataset_id, v.number`,
      values,
    );
    return rows;
  }

  /**
   * The right to carry out one import, for as long as its connection lasts; null while another process
   * has it. Death of a process frees what it had.
   */
  async lease(versionId: string): Promise<ImportLease | null> {
    const client = await this.database.pool.connect();
    // Its next query fails with the same error; unheard, it would end the process.
    const onError = (): void => {};
    client.on("error", onError);
    const release = (broken: boolean): void => {
      client.off("error", onError);
      client.release(broken);
    };
    try {
      const { rows } = await client.query<{ taken: boolean }>(
        "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken",
        [`import:${versionId}`],
      );
      if (rows[0]?.taken === true) return new ImportLease(this.database, client, versionId, release);
      release(false);
      return null;
    } catch (error) {
      release(true);
      throw error;
    }
  }

  /**
   * The splits of the newest finished version before `unfinished` that was split by the same seed; null
   * when there is none.
   */
  async earlierSplits({ datasetId, number, split }: UnfinishedImport): Promise<EarlierSplits | null> {
    const versions = await this.database.pool.query<{ id: string; ratios: SplitRatios }>(
      `SELECT v.id, json_build_object(
         'validation', v.validation_fraction, 'test', v.test_fraction, 'seed', v.split_seed) AS ratios
       FROM dataset_version v
       WHERE v.dataset_id = $1 AND v.number < $2 AND v.status = 'READY' AND v.split_seed = $3
       ORDER BY v.number DESC LIMIT 1`,
      [datasetId, number, split.seed],
    );
    const [version] = versions.rows;
    if (version === undefined) return null;
    const samples = await this.database.pool.query<{ hash: string; split: Split }>(
      "SELECT DISTINCT content_hash AS hash, split FROM sample WHERE version_id = $1",
      [version.id],
    );
    return { ratios: version.ratios, splitByHash: new Map(samples.rows.map((row) => [row.hash, row.split])) };
  }

  /** Keeps the newest progress alone, counted up so that a follower knows which it has seen. */
  async recordProgress(versionId: string, filesDone: number, filesTotal: number | null): Promise<void> {
    await this.database.pool.query(
      `WITH changed AS (
         UPDATE dataset_version SET progress = json_build_object(
           'filesDone', $2::int, 'filesTotal', $3::int, 'at', $4::text,
           'counter', coalesce((progress->>'counter')::int, 0) + 1)
         WHERE id = $1 AND status = 'IMPORTING' RETURNING id)
       SELECT pg_notify(channel, key) FROM changed, (VALUES ($5, $6)) AS bell(channel, key)`,
      [versionId, filesDone, filesTotal, new Date().toISOString(), ...this.#bell(versionId)],
    );
  }

  /** Ends an import without a usable version. */
  async fail(versionId: string, code: ErrorCode, message: string): Promise<void> {
    await this.database.transaction(async (client) => {
      await client.query(
        `UPDATE dataset_version SET status = 'FAILED', failure_code = $2, failure_message = $3, finished_at = now()
         WHERE id = $1 AND status = 'IMPORTING'`,
        [versionId, code, message],
      );
      await this.database.notifier.notify(importKey(versionId), client);
    });
  }

  #bell(versionId: string): string[] {
    return this.database.notifier.notifyText(importKey(versionId)).values;
  }
}

/** @returns the new version's id, or null when the idempotency key is taken; then nothing is changed */
async function insertVersion(client: Transaction, request: NewImport): Promise<string | null> {
  const { dataset, description, source, split, idempotency } = request;
  if (idempotency !== null && !(await claim(client, idempotency))) return null;
  await client.query(
    `INSERT INTO dataset (id, name, description) VALUES ($1, $2, coalesce($3, ''))
     ON CONFLICT (name) DO UPDATE SET description = coalesce($3, dataset.description)`,
    [newId("dataset"), dataset, description],
  );
  // The row above is locked until the end of the transaction, so numbers are given out one by one.
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
       test_fraction, source, idempotency_key, idempotency_hash)
     SELECT $1, d.id, coalesce((SELECT max(v.number) FROM dataset_version v WHERE v.dataset_id = d.id), 0) + 1,
       'IMPORTING', '{}', $3, $4, $5, $6, $7, $8
     FROM dataset d WHERE d.name = $2 RETURNING id`,
    [
      newId("datasetVersion"),
      dataset,
      split.seed,
      split.validation,
      split.test,
      JSON.stringify(source),
      idempotency?.key ?? null,
      idempotency?.hash ?? null,
    ],
  );
  return rows[0]?.id ?? null;
}

/**
 * Waits for other requests with the key, whatever data set they name, and says whether none of them made
 * a version.
 */
async function claim(client: Transaction, { key }: Idempotency): Promise<boolean> {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`import-key:${key}`]);
  const { rowCount } = await client.query("SELECT FROM dataset_version WHERE idempotency_key = $1", [key]);
  return rowCount === 0;
}

/** @throws AppError `DATASET_VERSION_NOT_FOUND` */
export function versionNotFound(versionId: string): AppError {
  return new AppError(
    "DATASET_VERSION_NOT_FOUND",
    `No dataset version has the id ${JSON.stringify(versionId.slice(0, 100))}.`,
  );
}

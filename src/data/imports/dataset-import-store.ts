import { AppError } from "../../core/app-error.js";
import type { ErrorCode } from "../../core/error-codes.js";
import { checkSameRequest, type Idempotency } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import { parseStored } from "../../core/stored-json.js";
import type { ColumnsOf } from "../../db/connection.js";
import type { Database } from "../../db/database.js";
import { prismaJson } from "../../db/prisma-json.js";
import type { Transaction } from "../../db/transaction.js";
import { ImportLease, importKey } from "./import-lease-store.js";
import { IMPORT_SOURCE_REF, type ImportSourceRef } from "./import-source-ref.js";
import type { EarlierSplits, SplitRatios } from "./split-assignment.js";

export interface NewImport {
  /** Id of the version to create. */
  readonly versionId: string;
  readonly dataset: string;
  /** Null leaves the description of an existing dataset as it is. */
  readonly description: string | null;
  readonly source: ImportSourceRef;
  readonly split: SplitRatios;
  readonly idempotency: Idempotency | null;
}

/** An import that has begun and not ended: in progress, or left by a process that died. */
export interface UnfinishedImport {
  readonly versionId: string;
  readonly datasetId: string;
  readonly number: number;
  readonly source: ImportSourceRef;
  readonly split: SplitRatios;
}

/** The columns of SplitRatios, for Prisma. */
const SPLIT_RATIOS = { validationFraction: true, testFraction: true, splitSeed: true } as const;

/** The columns of an UnfinishedImport, for Prisma. */
const UNFINISHED = { id: true, datasetId: true, number: true, source: true, ...SPLIT_RATIOS } as const;

/** Writes dataset versions as they are imported. */
export class DatasetImportStore {
  constructor(private readonly database: Database) {}

  /**
   * The version that an earlier request with the same key began.
   *
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` when that request was another one
   */
  async findByIdempotency(idempotency: Idempotency): Promise<string | null> {
    const earlier = await this.database.prisma.datasetVersion.findUnique({
      where: { idempotencyKey: idempotency.key },
      select: { id: true, idempotencyHash: true },
    });
    if (earlier === null) return null;
    checkSameRequest(idempotency, earlier.idempotencyHash);
    return earlier.id;
  }

  /**
   * Creates the next version of a dataset with status IMPORTING, and the dataset when it is new. Requests with the
   * same idempotency key, even concurrent ones, create one version.
   *
   * @returns its id, or that of the earlier request with the same key
   * @throws AppError `IDEMPOTENCY_KEY_REUSED`
   */
  async create(request: NewImport): Promise<string> {
    const { idempotency, versionId } = request;
    if (await this.database.transaction((transaction) => insertVersion(transaction, request)))
      return versionId;
    const earlier = idempotency === null ? null : await this.findByIdempotency(idempotency);
    if (earlier === null) throw new Error("A version was neither inserted nor found by its idempotency key.");
    return earlier;
  }

  /** The imports of all datasets. Those of one dataset are in the order of their version numbers. */
  async listUnfinished(): Promise<UnfinishedImport[]> {
    const versions = await this.database.prisma.datasetVersion.findMany({
      where: { status: "IMPORTING" },
      orderBy: [{ datasetId: "asc" }, { number: "asc" }],
      select: UNFINISHED,
    });
    return versions.map(unfinishedImportOf);
  }

  /** Null when it has ended. */
  async findUnfinished(versionId: string): Promise<UnfinishedImport | null> {
    const version = await this.database.prisma.datasetVersion.findUnique({
      where: { id: versionId, status: "IMPORTING" },
      select: UNFINISHED,
    });
    return version === null ? null : unfinishedImportOf(version);
  }

  /**
   * Reserves one import for this process until the lease is disposed. The death of the process ends its leases.
   *
   * @returns null while another process has the lease
   */
  async lease(versionId: string): Promise<ImportLease | null> {
    return ImportLease.take(this.database, versionId);
  }

  /**
   * The splits of the newest READY version before `unfinished` with the same split seed; null when there is none.
   */
  async earlierSplits({ datasetId, number, split }: UnfinishedImport): Promise<EarlierSplits | null> {
    const version = await this.database.prisma.datasetVersion.findFirst({
      where: { datasetId, number: { lt: number }, status: "READY", splitSeed: split.seed },
      orderBy: { number: "desc" },
      select: { id: true, ...SPLIT_RATIOS },
    });
    if (version === null) return null;
    const samples = await this.database.kysely
      .selectFrom("sample")
      .select(["contentHash", "split"])
      .distinct()
      .where("versionId", "=", version.id)
      .execute();
    return {
      ratios: splitRatiosOf(version),
      splitByHash: new Map(samples.map((sample) => [sample.contentHash, sample.split])),
    };
  }

  /** Ends an import without a usable version. */
  async fail(versionId: string, code: ErrorCode, message: string): Promise<void> {
    await this.database.transaction(async (transaction) => {
      await transaction.prisma.datasetVersion.updateMany({
        where: { id: versionId, status: "IMPORTING" },
        data: { status: "FAILED", failureCode: code, failureMessage: message, finishedAt: new Date() },
      });
      await this.database.notifier.notify(importKey(versionId), transaction);
    });
  }
}

/** @returns false without a change when the idempotency key is taken */
async function insertVersion(transaction: Transaction, request: NewImport): Promise<boolean> {
  const { versionId, dataset: name, description, source, split, idempotency } = request;
  const { kysely, prisma } = transaction;
  if (idempotency !== null && !(await claim(transaction, idempotency))) return false;
  // The update locks the dataset until the end of the transaction, so that numbers are assigned one after the other.
  const dataset = await kysely
    .insertInto("dataset")
    .values({ id: newId("dataset"), name, description: description ?? "" })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet(
          ({ ref }) =>
            ({ description: description ?? ref("dataset.description") }) satisfies ColumnsOf<"dataset">,
        ),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  const newest = await prisma.datasetVersion.findFirst({
    where: { datasetId: dataset.id },
    orderBy: { number: "desc" },
    select: { number: true },
  });
  await prisma.datasetVersion.create({
    data: {
      id: versionId,
      datasetId: dataset.id,
      number: (newest?.number ?? 0) + 1,
      status: "IMPORTING",
      splitSeed: split.seed,
      validationFraction: split.validation,
      testFraction: split.test,
      source: prismaJson(source),
      idempotencyKey: idempotency?.key ?? null,
      idempotencyHash: idempotency?.hash ?? null,
    },
    select: { id: true },
  });
  return true;
}

/**
 * Waits for other requests with the same key, whatever dataset they name.
 *
 * @returns whether none of them created a version
 */
async function claim(transaction: Transaction, { key }: Idempotency): Promise<boolean> {
  await transaction.lock(`import-key:${key}`);
  return (await transaction.prisma.datasetVersion.count({ where: { idempotencyKey: key } })) === 0;
}

interface SplitColumns {
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly splitSeed: number;
}

function unfinishedImportOf(
  row: SplitColumns & Pick<UnfinishedImport, "datasetId" | "number"> & { id: string; source: unknown },
): UnfinishedImport {
  return {
    versionId: row.id,
    datasetId: row.datasetId,
    number: row.number,
    source: parseStored(IMPORT_SOURCE_REF, row.source, "source of an import"),
    split: splitRatiosOf(row),
  };
}

function splitRatiosOf({ validationFraction, testFraction, splitSeed }: SplitColumns): SplitRatios {
  return { validation: validationFraction, test: testFraction, seed: splitSeed };
}

/** @throws AppError `DATASET_VERSION_NOT_FOUND` */
export function versionNotFound(versionId: string): AppError {
  return new AppError(
    "DATASET_VERSION_NOT_FOUND",
    `No dataset version has the id ${JSON.stringify(versionId.slice(0, 100))}.`,
  );
}

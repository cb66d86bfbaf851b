import { newId } from "../../core/ids.js";
import type { Database } from "../../db/database.js";
import { Prisma } from "../../db/generated/client.js";
import { Lease } from "../../db/lease.js";
import type { Transaction } from "../../db/transaction.js";
import { unnest } from "../../db/unnest.js";
import type { Manifest, ManifestSample } from "./manifest.js";

/** Rows of one statement; its arrays stay a few megabytes. */
const ROWS_PER_INSERT = 20_000;

/** The key of the doorbell that rings when an import makes progress or ends. */
export function importKey(versionId: string): string {
  return `import:${versionId}`;
}

/** The right to carry out one import; see `DatasetImportStore.lease`. */
export class ImportLease implements AsyncDisposable {
  private constructor(
    private readonly database: Database,
    private readonly lease: Lease,
    private readonly versionId: string,
  ) {}

  /**
   * @returns null while another process has the lease
   * @throws AppError `DATABASE_UNREACHABLE`
   */
  static async take(database: Database, versionId: string): Promise<ImportLease | null> {
    const lease = await Lease.take(database, importKey(versionId));
    return lease === null ? null : new ImportLease(database, lease, versionId);
  }

  /**
   * Writes the whole version in one transaction, on the connection that holds the lease.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`, `DATABASE_CONFLICT`
   */
  async finish(manifest: Manifest): Promise<void> {
    const { versionId } = this;
    await this.lease.transaction(async (transaction) => {
      await insertSamples(transaction, versionId, manifest.samples);
      await insertQuarantine(transaction, versionId, manifest);
      await transaction.prisma.datasetVersion.updateMany({
        where: { id: versionId, status: "IMPORTING" },
        data: {
          status: "READY",
          hash: manifest.hash,
          classNames: [...manifest.classNames],
          sampleCount: manifest.samples.length,
          quarantinedCount: manifest.quarantine.length,
          progress: Prisma.DbNull,
          finishedAt: new Date(),
        },
      });
      await this.database.notifier.notify(importKey(versionId), transaction);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lease[Symbol.asyncDispose]();
  }
}

async function insertSamples(
  { kysely }: Transaction,
  versionId: string,
  samples: readonly ManifestSample[],
): Promise<void> {
  for (const rows of chunks(samples)) {
    await kysely
      .insertInto("sample")
      .columns([
        ...(["versionId", "id", "position", "classIndex", "split"] as const),
        ...(["sourceName", "contentHash", "widthPixels", "heightPixels"] as const),
      ])
      .expression(({ selectFrom, val }) =>
        selectFrom(
          unnest("s", {
            id: ["text", rows.map(() => newId("sample"))],
            position: ["int4", rows.map(({ position }) => position)],
            classIndex: ["int4", rows.map(({ classIndex }) => classIndex)],
            split: ["split", rows.map(({ split }) => split)],
            sourceName: ["text", rows.map(({ sourceName }) => sourceName)],
            contentHash: ["text", rows.map(({ contentHash }) => contentHash)],
            widthPixels: ["int4", rows.map(({ widthPixels }) => widthPixels)],
            heightPixels: ["int4", rows.map(({ heightPixels }) => heightPixels)],
          }),
        )
          .select(val(versionId).as("versionId"))
          .selectAll("s"),
      )
      .execute();
  }
}

async function insertQuarantine(
  { kysely }: Transaction,
  versionId: string,
  { quarantine }: Manifest,
): Promise<void> {
  for (const rows of chunks(quarantine)) {
    await kysely
      .insertInto("quarantinedFile")
      .columns(["versionId", "position", "sourceName", "reason", "detail"])
      .expression(({ selectFrom, val }) =>
        selectFrom(
          unnest("f", {
            position: ["int4", rows.map(({ position }) => position)],
            sourceName: ["text", rows.map(({ sourceName }) => sourceName)],
            reason: ["text", rows.map(({ reason }) => reason)],
            detail: ["text", rows.map(({ detail }) => detail)],
          }),
        )
          .select(val(versionId).as("versionId"))
          .selectAll("f"),
      )
      .execute();
  }
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT)
    yield rows.slice(from, from + ROWS_PER_INSERT);
}

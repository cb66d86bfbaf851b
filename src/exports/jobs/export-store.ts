import { AppError } from "../../core/app-error.js";
import { hasEnded, STATES_WITH_FILES, UNFINISHED_STATES } from "../../core/exports/state.js";
import { checkSameRequest, type Idempotency } from "../../core/idempotency.js";
import { keysetOf, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import { encodeJson } from "../../core/stored-json.js";
import { anyOf } from "../../db/any-of.js";
import type { Connection } from "../../db/connection.js";
import type { Database } from "../../db/database.js";
import { inKeyRange } from "../../db/key-range.js";
import type { Transaction } from "../../db/transaction.js";
import { ExportLease } from "./export-lease-store.js";
import { exportNotFound } from "./export-not-found.js";
import type { ExportSettings, ModelExportRecord } from "./export-records.js";
import { EXPORT_COLUMNS, exportOf, type UnfinishedExport } from "./export-row.js";
import { changeExportState } from "./export-state-store.js";

export interface NewExport extends ExportSettings {
  readonly id: string;
  readonly modelVersionId: string;
  readonly fileName: string;
  readonly idempotency: Idempotency | null;
}

const EXPORT_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: ModelExportRecord) => [
  createdAt.toISOString(),
  id,
]);

/** Exports of model versions in Postgres. */
export class ExportStore {
  constructor(private readonly database: Database) {}

  /** Those that exist, in no particular order. */
  async find(ids: readonly string[]): Promise<readonly ModelExportRecord[]> {
    return (await exports(this.database).where("id", "=", anyOf(ids)).execute()).map(exportOf);
  }

  /** Newest first. */
  async list(modelVersionId: string, page: PageRequest): Promise<CountedPage<ModelExportRecord>> {
    const { prisma } = this.database;
    const found = await readPage(page, EXPORT_KEYSET, async (range) => {
      const rows = await inKeyRange(
        exports(this.database).where("modelVersionId", "=", modelVersionId),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute();
      return rows.map(exportOf);
    });
    return { ...found, totalCount: () => prisma.modelExport.count({ where: { modelVersionId } }) };
  }

  /**
   * The export that an earlier request with the same key created.
   *
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` when that request was another one
   */
  async findByIdempotency(idempotency: Idempotency): Promise<string | null> {
    const earlier = await this.database.prisma.modelExport.findUnique({
      where: { idempotencyKey: idempotency.key },
      select: { id: true, idempotencyHash: true },
    });
    if (earlier === null) return null;
    checkSameRequest(idempotency, earlier.idempotencyHash);
    return earlier.id;
  }

  /**
   * Creates an export in the state QUEUED. Requests with the same idempotency key, even concurrent ones, create one.
   *
   * @returns its id, or that of the earlier request with the same key
   * @throws AppError `IDEMPOTENCY_KEY_REUSED`
   */
  async create(request: NewExport): Promise<string> {
    const { idempotency, id } = request;
    if (await this.database.transaction((transaction) => insertExport(transaction, request))) return id;
    const earlier = idempotency === null ? null : await this.findByIdempotency(idempotency);
    if (earlier === null) throw new Error("An export was neither inserted nor found by its idempotency key.");
    return earlier;
  }

  /** The ids among these of the exports whose file is finished. */
  async finished(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.database.kysely
      .selectFrom("modelExport")
      .select("id")
      .where("id", "=", anyOf(ids))
      .where("state", "in", STATES_WITH_FILES)
      .execute();
    return new Set(found.map(({ id }) => id));
  }

  /** In the order of their creation. */
  listUnfinished(): Promise<UnfinishedExport[]> {
    return unfinished(this.database).orderBy("createdAt").orderBy("id").execute();
  }

  /** Null when it has ended. */
  async findUnfinished(id: string): Promise<UnfinishedExport | null> {
    return (await unfinished(this.database).where("id", "=", id).executeTakeFirst()) ?? null;
  }

  /**
   * Reserves one export for this process until the lease is disposed. The death of the process ends its leases.
   *
   * @returns null while another process has the lease
   */
  lease(id: string): Promise<ExportLease | null> {
    return ExportLease.take(this.database, id);
  }

  /**
   * Ends an export without a file. The process that carries it out learns of it by the doorbell.
   *
   * @throws AppError `EXPORT_NOT_FOUND`, `EXPORT_ALREADY_ENDED`
   */
  async cancel(id: string): Promise<ModelExportRecord> {
    return this.database.transaction(async (transaction) => {
      const row = await exports(transaction).where("id", "=", id).forUpdate().executeTakeFirst();
      if (row === undefined) throw exportNotFound(id);
      if (hasEnded(row.state)) {
        throw new AppError(
          "EXPORT_ALREADY_ENDED",
          `The export ${id} has ended with the state ${row.state}. Only an export that is QUEUED or RUNNING can be cancelled.`,
          { path: ["exportId"] },
        );
      }
      const change = { exportId: id, from: row.state, to: "CANCELLED" } as const;
      await changeExportState(this.database, transaction, change);
      return exportOf(await exports(transaction).where("id", "=", id).executeTakeFirstOrThrow());
    });
  }
}

function exports({ kysely }: Pick<Connection, "kysely">) {
  return kysely.selectFrom("modelExport").select(EXPORT_COLUMNS);
}

function unfinished({ kysely }: Pick<Connection, "kysely">) {
  return kysely
    .selectFrom("modelExport")
    .select("id")
    .select("state")
    .where("state", "in", UNFINISHED_STATES)
    .$narrowType<UnfinishedExport>();
}

/** @returns false without a change when the idempotency key is taken */
async function insertExport(transaction: Transaction, request: NewExport): Promise<boolean> {
  const { idempotency, bounds, ...columns } = request;
  const { kysely, prisma } = transaction;
  if (idempotency !== null) {
    // Waits for other requests with the same key.
    await transaction.lock(`export-key:${idempotency.key}`);
    if ((await prisma.modelExport.count({ where: { idempotencyKey: idempotency.key } })) > 0) return false;
  }
  await kysely
    .insertInto("modelExport")
    .values({
      ...columns,
      bounds: encodeJson(bounds),
      rejectionReasons: [],
      idempotencyKey: idempotency?.key ?? null,
      idempotencyHash: idempotency?.hash ?? null,
    })
    .execute();
  return true;
}

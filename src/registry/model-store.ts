import { type Selectable, sql } from "kysely";
import type { Split } from "../core/enumerations.js";
import type { Idempotency } from "../core/idempotency.js";
import { INPUT_CONTRACT, type InputContract } from "../core/input-contract.js";
import { keysetOf, readPage } from "../core/keyset.js";
import { readStoredMetrics } from "../core/metrics/stored-metrics.js";
import type { CountedPage, PageRequest } from "../core/page.js";
import type { RunConfiguration } from "../core/runs/configuration.js";
import { runNotFound } from "../core/runs/not-found.js";
import { readRunConfiguration } from "../core/settings/stored-configuration.js";
import { encodeJson, parseStored } from "../core/stored-json.js";
import { anyOf } from "../db/any-of.js";
import type { ColumnsOf, Connection } from "../db/connection.js";
import type { Database } from "../db/database.js";
import type { Tables } from "../db/generated/kysely/tables.js";
import { inKeyRange } from "../db/key-range.js";
import type { Transaction } from "../db/transaction.js";
import type { ModelAliasRecord, ModelRecord, ModelVersionRecord } from "./model-records.js";
import { modelVersionName, parseModelRef } from "./model-ref.js";

/** The columns of a ModelRecord, for Prisma. */
const MODEL = { id: true, name: true, description: true, createdAt: true } as const;

/** The same for Kysely. */
const MODEL_COLUMNS = ["id", "name", "description", "createdAt"] as const;

/** The columns of a ModelAliasRecord, for Prisma. */
const ALIAS = { modelId: true, name: true, versionId: true } as const;

/** The columns of a ModelVersionRecord, for Kysely: `v` is the version and `m` its model. */
const VERSION = [
  ...(["v.id", "v.modelId", "m.name as modelName", "v.number", "v.description", "v.runId"] as const),
  ...(["v.datasetVersionId", "v.epoch", "v.checkpointSha256", "v.classNames", "v.imageSizePixels"] as const),
  ...(["v.inputContract", "v.configuration", "v.metrics", "v.validationEvaluationId"] as const),
  ...(["v.testEvaluationId", "v.parameterCount", "v.sizeBytes", "v.sha256", "v.createdAt"] as const),
] as const;

const MODEL_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: ModelRecord) => [
  createdAt.toISOString(),
  id,
]);

const VERSION_KEYSET = keysetOf(["integer"], ({ number }: ModelVersionRecord) => [number]);

type AssignedByStore =
  | "modelId"
  | "number"
  | "createdAt"
  | "checkpointSha256"
  | "configuration"
  | "validationEvaluationId"
  | "testEvaluationId";

/** A version to be added. The store assigns its number, and its evaluations: those of its checkpoint. */
export type NewModelVersion = Omit<ModelVersionRecord, AssignedByStore> & {
  readonly checkpointSha256: string;
  readonly configuration: RunConfiguration;
  /** Id of the model when this version is its first. */
  readonly modelId: string;
  readonly idempotency: Idempotency | null;
};

/** Models, their versions and aliases in Postgres. Lookups of many ids return rows in no particular order. */
export class ModelStore {
  constructor(private readonly database: Database) {}

  findModelByName(name: string): Promise<ModelRecord | null> {
    return this.database.prisma.model.findUnique({ where: { name }, select: MODEL });
  }

  findModels(ids: readonly string[]): Promise<readonly ModelRecord[]> {
    return this.database.prisma.model.findMany({ where: { id: { in: [...ids] } }, select: MODEL });
  }

  /** Newest first. */
  async listModels(page: PageRequest): Promise<CountedPage<ModelRecord>> {
    const { kysely, prisma } = this.database;
    const models = await readPage(page, MODEL_KEYSET, (range) =>
      inKeyRange(
        kysely.selectFrom("model").select(MODEL_COLUMNS),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...models, totalCount: () => prisma.model.count() };
  }

  async findVersions(ids: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    return (await versions(this.database).where("v.id", "=", anyOf(ids)).execute()).map(versionOf);
  }

  /** @param ref "flowers" (the latest version), "flowers:3" or "flowers@champion" */
  async findVersionByRef(ref: string): Promise<ModelVersionRecord | null> {
    const parsed = parseModelRef(ref);
    if (parsed === null) return null;
    let query = versions(this.database)
      .where("m.name", "=", parsed.model)
      .orderBy("v.number", "desc")
      .limit(1);
    if (parsed.kind === "number") query = query.where("v.number", "=", parsed.number);
    if (parsed.kind === "alias") {
      query = query.where("v.id", "=", ({ selectFrom }) =>
        selectFrom("modelAlias as a")
          .select("a.versionId")
          .whereRef("a.modelId", "=", "m.id")
          .where("a.name", "=", parsed.alias),
      );
    }
    const row = await query.executeTakeFirst();
    return row === undefined ? null : versionOf(row);
  }

  /** @param names "flowers:3"; those that are of no version are left out */
  async findNamedVersions(names: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    const refs = names.map(parseModelRef).filter((ref) => ref?.kind === "number");
    const rows = await versions(this.database)
      .where("m.name", "=", anyOf(refs.map(({ model }) => model)))
      .where("v.number", "=", anyOf(refs.map(({ number }) => number)))
      .execute();
    // Another model may have a version of one of the numbers.
    const wanted = new Set(names);
    return rows.map(versionOf).filter((version) => wanted.has(modelVersionName(version)));
  }

  async findVersionByIdempotencyKey(
    key: string,
  ): Promise<{ version: ModelVersionRecord; hash: string | null } | null> {
    const row = await versions(this.database)
      .select("v.idempotencyHash as hash")
      .where("v.idempotencyKey", "=", key)
      .executeTakeFirst();
    if (row === undefined) return null;
    const { hash, ...version } = row;
    return { version: versionOf(version), hash };
  }

  /** Newest first. */
  async listVersions(modelId: string, page: PageRequest): Promise<CountedPage<ModelVersionRecord>> {
    const { prisma } = this.database;
    const found = await readPage(page, VERSION_KEYSET, async (range) => {
      const rows = await inKeyRange(
        versions(this.database).where("v.modelId", "=", modelId),
        { columns: ["v.number"], direction: "desc" },
        range,
      ).execute();
      return rows.map(versionOf);
    });
    return { ...found, totalCount: () => prisma.modelVersion.count({ where: { modelId } }) };
  }

  /** The version with the highest number of each model that has one. */
  async latestVersions(modelIds: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    const rows = await versions(this.database)
      .distinctOn("v.modelId")
      .where("v.modelId", "=", anyOf(modelIds))
      .orderBy("v.modelId")
      .orderBy("v.number", "desc")
      .execute();
    return rows.map(versionOf);
  }

  /** Oldest first. */
  async versionsOfRuns(runIds: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    const rows = await versions(this.database)
      .where("v.runId", "=", anyOf(runIds))
      .orderBy("v.createdAt")
      .orderBy("v.id")
      .execute();
    return rows.map(versionOf);
  }

  /** By name. */
  aliasesOfModels(modelIds: readonly string[]): Promise<readonly ModelAliasRecord[]> {
    return this.database.prisma.modelAlias.findMany({
      where: { modelId: { in: [...modelIds] } },
      orderBy: { name: "asc" },
      select: ALIAS,
    });
  }

  /** By name. */
  aliasesOfVersions(versionIds: readonly string[]): Promise<readonly ModelAliasRecord[]> {
    return this.database.prisma.modelAlias.findMany({
      where: { versionId: { in: [...versionIds] } },
      orderBy: { name: "asc" },
      select: ALIAS,
    });
  }

  /** The ids among these that have a committed row. */
  async existingVersions(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.database.prisma.modelVersion.findMany({
      where: { id: { in: [...ids] } },
      select: { id: true },
    });
    return new Set(found.map(({ id }) => id));
  }

  /**
   * Adds a version with the next number of its model, and the model when it is new.
   *
   * @returns null without a change when the idempotency key is taken
   * @throws AppError `RUN_NOT_FOUND` when the run was deleted in the meantime
   */
  insertVersion(version: NewModelVersion): Promise<ModelVersionRecord | null> {
    return this.database.transaction(async (transaction) => {
      const { kysely, prisma } = transaction;
      const { id, idempotency } = version;
      if (idempotency !== null && !(await claim(transaction, idempotency))) return null;
      // The lock keeps the run from being deleted before its version protects it.
      const run = await kysely
        .selectFrom("run")
        .select("id")
        .where("id", "=", version.runId)
        .forKeyShare()
        .executeTakeFirst();
      if (run === undefined) throw runNotFound(version.runId);
      const model = await lockModel(transaction, version);
      const newest = await prisma.modelVersion.findFirst({
        where: { modelId: model.id },
        orderBy: { number: "desc" },
        select: { number: true },
      });
      const number = (newest?.number ?? 0) + 1;
      const { modelName: _, idempotency: __, ...fields } = version;
      const { configuration, inputContract, metrics, classNames, ...columns } = fields;
      await kysely
        .insertInto("modelVersion")
        .values(({ selectFrom }) => {
          const evaluationOn = (split: Split) =>
            selectFrom("evaluation")
              .select("evaluation.id")
              .where("runId", "=", version.runId)
              .where("checkpointSha256", "=", version.checkpointSha256)
              .where("split", "=", split);
          return {
            ...columns,
            modelId: model.id,
            number,
            classNames: [...classNames],
            inputContract: encodeJson(inputContract),
            configuration: encodeJson(configuration),
            metrics: metrics === null ? null : encodeJson(metrics),
            validationEvaluationId: evaluationOn("VALIDATION"),
            testEvaluationId: evaluationOn("TEST"),
            idempotencyKey: idempotency?.key ?? null,
            idempotencyHash: idempotency?.hash ?? null,
          };
        })
        .execute();
      return versionOf(await versions(transaction).where("v.id", "=", id).executeTakeFirstOrThrow());
    });
  }

  /** Creates or moves an alias. @returns false when the model has no version of that number */
  async putAlias(modelId: string, alias: string, number: number): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.database.kysely
      .insertInto("modelAlias")
      .columns(["modelId", "name", "versionId"])
      .expression(({ selectFrom, val }) =>
        selectFrom("modelVersion")
          .select(["modelId", val(alias).as("name"), "id"])
          .where("modelId", "=", modelId)
          .where("number", "=", number),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["modelId", "name"])
          .doUpdateSet(
            ({ ref }) => ({ versionId: ref("excluded.versionId") }) satisfies ColumnsOf<"modelAlias">,
          ),
      )
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** @returns false when the model has no such alias */
  async deleteAlias(modelId: string, alias: string): Promise<boolean> {
    const { count } = await this.database.prisma.modelAlias.deleteMany({ where: { modelId, name: alias } });
    return count > 0;
  }
}

function versions({ kysely }: Pick<Connection, "kysely">) {
  return kysely.selectFrom("modelVersion as v").innerJoin("model as m", "m.id", "v.modelId").select(VERSION);
}

type VersionRow = Omit<ModelVersionRecord, "inputContract" | "configuration" | "metrics"> &
  Pick<Selectable<Tables["modelVersion"]>, "inputContract" | "configuration" | "metrics">;

/**
 * The documents of a row, which are read when they are used, and only then throw, so that a version of a later release does
 * not break a list. A class for the reason given at `RunDocuments`.
 */
class VersionDocuments {
  readonly #row: Pick<VersionRow, "inputContract" | "configuration">;
  #configuration: RunConfiguration | undefined;

  constructor(row: VersionRow) {
    this.#row = row;
  }

  get inputContract(): InputContract {
    return parseStored(INPUT_CONTRACT, this.#row.inputContract, "input contract of a model version");
  }

  get configuration(): RunConfiguration | null {
    if (this.#row.configuration === null) return null;
    this.#configuration ??= readRunConfiguration(this.#row.configuration);
    return this.#configuration;
  }
}

function versionOf(row: VersionRow): ModelVersionRecord {
  const { inputContract: _1, configuration: _2, ...columns } = row;
  const metrics = row.metrics === null ? null : readStoredMetrics(row.metrics);
  return Object.assign(new VersionDocuments(row), columns, { metrics });
}

/** Waits for other requests with the same key. @returns whether none of them added a version */
async function claim({ kysely, prisma }: Transaction, { key }: Idempotency): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(kysely);
  return (await prisma.modelVersion.count({ where: { idempotencyKey: key } })) === 0;
}

/**
 * The model of a version, created when it is new. Its lock makes registrations of one model wait for each other, so
 * that no number is skipped or assigned twice.
 */
async function lockModel(
  { kysely, prisma }: Transaction,
  { modelId, modelName }: NewModelVersion,
): Promise<{ readonly id: string }> {
  await prisma.model.createMany({ data: [{ id: modelId, name: modelName }], skipDuplicates: true });
  return kysely
    .selectFrom("model")
    .select("id")
    .where("name", "=", modelName)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

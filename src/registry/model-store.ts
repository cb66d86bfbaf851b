import type { Idempotency } from "../core/idempotency.js";
import { keysetOf, readPage } from "../core/keyset.js";
import type { CountedPage, PageRequest } from "../core/page.js";
import { runNotFound } from "../core/run-not-found.js";
import type { Database } from "../db/database.js";
import { inKeyRange } from "../db/key-range.js";
import type { ModelAliasRecord, ModelRecord, ModelVersionRecord } from "./model-records.js";
import { parseModelRef } from "./model-ref.js";

const MODEL_COLUMNS = `m.id, m.name, m.description, m.created_at as "createdAt"`;

const VERSION_COLUMNS = `
  v.id, v.model_id as "modelId", m.name as "modelName", v.number, v.description, v.run_id as "runId",
  v.dataset_version_id as "datasetVersionId", v.epoch, v.class_names as "classNames",
  v.image_size_pixels as "imageSizePixels", v.parameter_count::float8 as "parameterCount",
  v.size_bytes::float8 as "sizeBytes", v.sha256, v.created_at as "createdAt"`;

const VERSIONS = `select ${VERSION_COLUMNS} from model_version v join model m on m.id = v.model_id`;

const ALIASES = `select model_id as "modelId", name, version_id as "versionId" from model_alias`;

const MODEL_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: ModelRecord) => [
  createdAt.toISOString(),
  id,
]);

const VERSION_KEYSET = keysetOf(["integer"], ({ number }: ModelVersionRecord) => [number]);

/** A version to be added; the store gives it its number. */
export type NewModelVersion = Omit<ModelVersionRecord, "modelId" | "number" | "createdAt"> & {
  /** Of the model, when this version is its first. */
  readonly modelId: string;
  readonly idempotency: Idempotency | null;
};

/** Models, their versions and aliases in Postgres. Lookups of many ids answer in no given order. */
export class ModelStore {
  constructor(private readonly database: Database) {}

  async findModelByName(name: string): Promise<ModelRecord | null> {
    const [model] = await this.#select<ModelRecord>(
      `select ${MODEL_COLUMNS} from model m where m.name = $1`,
      name,
    );
    return model ?? null;
  }

  findModels(ids: readonly string[]): Promise<readonly ModelRecord[]> {
    return this.#select(`select ${MODEL_COLUMNS} from model m where m.id = any($1)`, ids);
  }

  /** Newest first. */
  async listModels(page: PageRequest): Promise<CountedPage<ModelRecord>> {
    const { kysely, prisma } = this.database;
    const models = await readPage(page, MODEL_KEYSET, (range) =>
      inKeyRange(
        kysely.selectFrom("model").select(["id", "name", "description", "createdAt"]),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...models, totalCount: () => prisma.model.count() };
  }

  findVersions(ids: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    return this.#select(`${VERSIONS} where v.id = any($1)`, ids);
  }

  /** @param ref "flowers" (the latest version), "flowers:3" or "flowers@champion" */
  async findVersionByRef(ref: string): Promise<ModelVersionRecord | null> {
    const parsed = parseModelRef(ref);
    if (parsed === null) return null;
    const [version] = await this.#select<ModelVersionRecord>(
      `${VERSIONS} where m.name = $1 and ($2::int is null or v.number = $2)
         and ($3::text is null or v.id = (select a.version_id from model_alias a where a.model_id = m.id and a.name = $3))
       order by v.number desc limit 1`,
      parsed.model,
      parsed.kind === "number" ? parsed.number : null,
      parsed.kind === "alias" ? parsed.alias : null,
    );
    return version ?? null;
  }

  async findVersionByIdempotencyKey(
    key: string,
  ): Promise<{ version: ModelVersionRecord; hash: string | null } | null> {
    const [row] = await this.#select<ModelVersionRecord & { hash: string | null }>(
      `select ${VERSION_COLUMNS}, v.idempotency_hash as hash
       from model_version v join model m on m.id = v.model_id where v.idempotency_key = $1`,
      key,
    );
    if (row === undefined) return null;
    const { hash, ...version } = row;
    return { version, hash };
  }

  /** Newest first. */
  async listVersions(modelId: string, page: PageRequest): Promise<CountedPage<ModelVersionRecord>> {
    const { kysely, prisma } = this.database;
    const versions = await readPage(page, VERSION_KEYSET, (range) =>
      inKeyRange(
        kysely
          .selectFrom("modelVersion as v")
          .innerJoin("model as m", "m.id", "v.modelId")
          .select([
            "v.id",
            "v.modelId",
            "m.name as modelName",
            "v.number",
            "v.description",
            "v.runId",
            "v.datasetVersionId",
            "v.epoch",
            "v.classNames",
            "v.imageSizePixels",
            "v.parameterCount",
            "v.sizeBytes",
            "v.sha256",
            "v.createdAt",
          ])
          .where("v.modelId", "=", modelId),
        { columns: ["v.number"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...versions, totalCount: () => prisma.modelVersion.count({ where: { modelId } }) };
  }

  /** At most one version for each model: its highest number. */
  latestVersions(modelIds: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    return this.#select(
      `select distinct on (v.model_id) ${VERSION_COLUMNS} from model_version v join model m on m.id = v.model_id
       where v.model_id = any($1) order by v.model_id, v.number desc`,
      modelIds,
    );
  }

  /** Oldest first. */
  versionsOfRuns(runIds: readonly string[]): Promise<readonly ModelVersionRecord[]> {
    return this.#select(`${VERSIONS} where v.run_id = any($1) order by v.created_at, v.id`, runIds);
  }

  /** By name. */
  aliasesOfModels(modelIds: readonly string[]): Promise<readonly ModelAliasRecord[]> {
    return this.#select(`${ALIASES} where model_id = any($1) order by name`, modelIds);
  }

  /** By name. */
  aliasesOfVersions(versionIds: readonly string[]): Promise<readonly ModelAliasRecord[]> {
    return this.#select(`${ALIASES} where version_id = any($1) order by name`, versionIds);
  }

  /** Which of these ids have a committed row. */
  async existingVersions(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#select<{ id: string }>(`select id from model_version where id = any($1)`, ids);
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Adds a version with the model's next number, making the model when it is new.
   *
   * @returns null when the idempotency key is taken; nothing was changed then
   * @throws AppError `RUN_NOT_FOUND` when the run was deleted meanwhile
   */
  insertVersion(version: NewModelVersion): Promise<ModelVersionRecord | null> {
    return this.database.transaction(async (client) => {
      if (version.idempotency !== null) {
        const { key } = version.idempotency;
        await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [key]);
        const taken = await client.query(`select from model_version where idempotency_key = $1`, [key]);
        if (taken.rowCount !== 0) return null;
      }
      // The lock keeps the run from being deleted before its version is there to protect it.
      const run = await client.query(`select from run where id = $1 for key share`, [version.runId]);
      if (run.rowCount === 0) throw runNotFound(version.runId);
      await client.query(`insert into model (id, name) values ($1, $2) on conflict (name) do nothing`, [
        version.modelId,
        version.modelName,
      ]);
      // The lock makes registrations of one model queue up, so that no number is skipped or given twice.
      const locked = await client.query<{ id: string }>(`select id from model where name = $1 for update`, [
        version.modelName,
      ]);
      const modelId = locked.rows[0]?.id ?? version.modelId;
      await client.query(
        `insert into model_version (id, model_id, number, description, run_id, dataset_version_id, epoch, class_names,
           image_size_pixels, parameter_count, size_bytes, sha256, idempotency_key, idempotency_hash)
         select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
         from model_version where model_id = $2`,
        [
          version.id,
          modelId,
          version.description,
          version.runId,
          version.datasetVersionId,
          version.epoch,
          version.classNames,
          version.imageSizePixels,
          version.parameterCount,
          version.sizeBytes,
          version.sha256,
          version.idempotency?.key ?? null,
          version.idempotency?.hash ?? null,
        ],
      );
      const { rows } = await client.query<ModelVersionRecord>(`${VERSIONS} where v.id = $1`, [version.id]);
      return rows[0] ?? null;
    });
  }

  /** Moves or makes an alias; false when the model has no version of that number. */
  async putAlias(modelId: string, alias: string, number: number): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `insert into model_alias (model_id, name, version_id)
       select model_id, $2, id from model_version where model_id = $1 and number = $3
       on conflict (model_id, name) do update set version_id = excluded.version_id`,
      [modelId, alias, number],
    );
    return rowCount === 1;
  }

  /** Without effect when there is no such alias. */
  async deleteAlias(modelId: string, alias: string): Promise<void> {
    await this.database.pool.query(`delete from model_alias where model_id = $1 and name = $2`, [
      modelId,
      alias,
    ]);
  }

  async #select<Row extends object>(sql: string, ...values: readonly unknown[]): Promise<Row[]> {
    return (await this.database.pool.query<Row>(sql, [...values])).rows;
  }
}

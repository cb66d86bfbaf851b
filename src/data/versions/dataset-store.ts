import { sql } from "kysely";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  QuarantinedFileRecord,
  SampleRecord,
} from "../../core/dataset-records.js";
import { QuarantineReason, type Split } from "../../core/enumerations.js";
import { keysetOf, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import type { Database } from "../../db/database.js";
import { inKeyRange } from "../../db/key-range.js";
import { parseDatasetRef } from "./dataset-ref.js";

/** What `listSamples` keeps; null means any. */
export interface SampleFilter {
  readonly className: string | null;
  readonly split: Split | null;
}

export interface SplitCount {
  readonly split: Split;
  readonly sampleCount: number;
}

/** Reads datasets, their versions, samples and quarantined files. */
export class DatasetStore {
  constructor(private readonly database: Database) {}

  async findDatasetByName(name: string): Promise<DatasetRecord | null> {
    const rows = await this.#rows<DatasetRecord>(`SELECT ${DATASET} FROM dataset d WHERE d.name = $1`, [
      name,
    ]);
    return rows[0] ?? null;
  }

  /** Those that exist, in no particular order. */
  findDatasets(ids: readonly string[]): Promise<DatasetRecord[]> {
    return this.#rows(`SELECT ${DATASET} FROM dataset d WHERE d.id = ANY($1)`, [ids]);
  }

  /** Newest first. */
  async listDatasets(page: PageRequest): Promise<CountedPage<DatasetRecord>> {
    const { kysely, prisma } = this.database;
    const datasets = await readPage(page, DATASET_KEYSET, (range) =>
      inKeyRange(
        kysely.selectFrom("dataset").select(["id", "name", "description", "createdAt"]),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...datasets, totalCount: () => prisma.dataset.count() };
  }

  /** Those that exist, in no particular order. */
  findVersions(ids: readonly string[]): Promise<DatasetVersionRecord[]> {
    return this.#rows(`SELECT ${VERSION} ${FROM_VERSIONS} WHERE v.id = ANY($1)`, [ids]);
  }

  /** @param ref "flowers", its newest READY version, or "flowers:3", that one in any status */
  async findVersionByRef(ref: string): Promise<DatasetVersionRecord | null> {
    const parsed = parseDatasetRef(ref);
    if (parsed === null) return null;
    const rows = await this.#rows<DatasetVersionRecord>(
      `SELECT ${VERSION} ${FROM_VERSIONS}
       WHERE d.name = $1 AND CASE WHEN $2::int IS NULL THEN v.status = 'READY' ELSE v.number = $2 END
       ORDER BY v.number DESC LIMIT 1`,
      [parsed.name, parsed.number],
    );
    return rows[0] ?? null;
  }

  /** Of one dataset, in every status, newest first. */
  async listVersions(datasetId: string, page: PageRequest): Promise<CountedPage<DatasetVersionRecord>> {
    const { kysely, prisma } = this.database;
    const versions = await readPage(page, VERSION_KEYSET, (range) =>
      inKeyRange(
        kysely
          .selectFrom("datasetVersion as v")
          .innerJoin("dataset as d", "d.id", "v.datasetId")
          .select([
            "v.id",
            "v.datasetId",
            "d.name as datasetName",
            "v.number",
            "v.status",
            "v.failureCode",
            "v.failureMessage",
            "v.hash",
            "v.classNames",
            "v.splitSeed",
            "v.validationFraction",
            "v.testFraction",
            "v.sampleCount",
            "v.quarantinedCount",
            "v.createdAt",
          ])
          .where("v.datasetId", "=", datasetId),
        { columns: ["v.number"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...versions, totalCount: () => prisma.datasetVersion.count({ where: { datasetId } }) };
  }

  /** The newest READY version; null when there is none yet. */
  async latestVersion(datasetId: string): Promise<DatasetVersionRecord | null> {
    return (await this.latestVersions([datasetId]))[0] ?? null;
  }

  /** The newest READY version of each dataset that has one. */
  latestVersions(datasetIds: readonly string[]): Promise<DatasetVersionRecord[]> {
    return this.#rows(
      `SELECT DISTINCT ON (v.dataset_id) ${VERSION} ${FROM_VERSIONS}
       WHERE v.dataset_id = ANY($1) AND v.status = 'READY' ORDER BY v.dataset_id, v.number DESC`,
      [datasetIds],
    );
  }

  /** One entry for every class of the version, in the order of their indices. */
  async classCounts(versionId: string): Promise<ClassCountRecord[]> {
    return (await this.classCountsOf([versionId])).get(versionId) ?? [];
  }

  /** {@link classCounts} of several versions, by version id. */
  async classCountsOf(versionIds: readonly string[]): Promise<Map<string, ClassCountRecord[]>> {
    const rows = await this.#rows<ClassCountRecord & { versionId: string }>(
      `SELECT v.id AS "versionId", class.index::int - 1 AS "index", class.name,
              count(s.id) FILTER (WHERE s.split = 'TRAIN')::int AS train,
              count(s.id) FILTER (WHERE s.split = 'VALIDATION')::int AS validation,
              count(s.id) FILTER (WHERE s.split = 'TEST')::int AS test
       FROM dataset_version v
       CROSS JOIN LATERAL unnest(v.class_names) WITH ORDINALITY AS class(name, index)
       LEFT JOIN sample s ON s.version_id = v.id AND s.class_index = class.index - 1
       WHERE v.id = ANY($1) GROUP BY v.id, class.index, class.name ORDER BY class.index`,
      [versionIds],
    );
    return groupByVersion(rows);
  }

  /** By version id: one entry for every split, empty ones included. */
  async splitCountsOf(versionIds: readonly string[]): Promise<Map<string, SplitCount[]>> {
    const rows = await this.#rows<SplitCount & { versionId: string }>(
      `SELECT version.id AS "versionId", split.name AS split, count(s.id)::int AS "sampleCount"
       FROM unnest($1::text[]) AS version(id)
       CROSS JOIN unnest(enum_range(NULL::split)) AS split(name)
       LEFT JOIN sample s ON s.version_id = version.id AND s.split = split.name
       GROUP BY version.id, split.name ORDER BY split.name`,
      [versionIds],
    );
    return groupByVersion(rows);
  }

  /** Those that exist, in no particular order. */
  findSamples(ids: readonly string[]): Promise<SampleRecord[]> {
    return this.#rows(`SELECT ${SAMPLE} ${FROM_SAMPLES} WHERE s.id = ANY($1)`, [ids]);
  }

  /** Those that exist of the version's samples at these positions, by position. */
  samplesAt(versionId: string, positions: readonly number[]): Promise<SampleRecord[]> {
    return this.#rows(
      `SELECT ${SAMPLE} ${FROM_SAMPLES} WHERE s.version_id = $1 AND s.position = ANY($2::int[]) ORDER BY s.position`,
      [versionId, positions],
    );
  }

  /** By position. */
  async listSamples(
    versionId: string,
    { className, split }: SampleFilter,
    page: PageRequest,
  ): Promise<CountedPage<SampleRecord>> {
    const matching = this.database.kysely
      .selectFrom("sample as s")
      .innerJoin("datasetVersion as v", "v.id", "s.versionId")
      .where("s.versionId", "=", versionId)
      .$if(split !== null, (query) => query.where("s.split", "=", split))
      .$if(className !== null, (query) =>
        query.where(({ eb, ref }) =>
          eb("s.classIndex", "=", sql<number>`array_position(${ref("v.classNames")}, ${className}) - 1`),
        ),
      );
    const samples = await readPage(page, SAMPLE_KEYSET, (range) =>
      inKeyRange(
        matching.select(({ ref }) => [
          "s.id",
          "s.versionId",
          "s.position",
          "s.classIndex",
          sql<string>`${ref("v.classNames")}[${ref("s.classIndex")} + 1]`.as("className"),
          "s.split",
          "s.sourceName",
          "s.contentHash",
          "s.widthPixels",
          "s.heightPixels",
        ]),
        { columns: ["s.position"], direction: "asc" },
        range,
      ).execute(),
    );
    const count = async (): Promise<number> => {
      const counted = matching.select(({ fn }) => fn.countAll<number>().as("count"));
      return (await counted.executeTakeFirstOrThrow()).count;
    };
    return { ...samples, totalCount: count };
  }

  /** Every sample of a version by position, which is also its index in the array. */
  allSamples(versionId: string): Promise<SampleRecord[]> {
    return this.#rows(`SELECT ${SAMPLE} ${FROM_SAMPLES} WHERE s.version_id = $1 ORDER BY s.position`, [
      versionId,
    ]);
  }

  /** In the order of their source names. */
  async listQuarantine(versionId: string, page: PageRequest): Promise<CountedPage<QuarantinedFileRecord>> {
    const { kysely, prisma } = this.database;
    const files = await readPage(page, QUARANTINE_KEYSET, async (range) => {
      const rows = await inKeyRange(
        kysely
          .selectFrom("quarantinedFile")
          .select(["position", "sourceName", "reason", "detail"])
          .where("versionId", "=", versionId),
        { columns: ["position"], direction: "asc" },
        range,
      ).execute();
      return rows.map((row) => ({ ...row, reason: quarantineReason(row.reason) }));
    });
    return { ...files, totalCount: () => prisma.quarantinedFile.count({ where: { versionId } }) };
  }

  async #rows<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.database.pool.query<Row>(sql, [...values])).rows;
  }
}

const DATASET = `d.id, d.name, d.description, d.created_at AS "createdAt"`;

const VERSION = `v.id, v.dataset_id AS "datasetId", d.name AS "datasetName", v.number, v.status,
  v.failure_code AS "failureCode", v.failure_message AS "failureMessage", v.hash,
  v.class_names AS "classNames", v.split_seed AS "splitSeed",
  v.validation_fraction AS "validationFraction", v.test_fraction AS "testFraction",
  v.sample_count AS "sampleCount", v.quarantined_count AS "quarantinedCount", v.created_at AS "createdAt"`;
const FROM_VERSIONS = "FROM dataset_version v JOIN dataset d ON d.id = v.dataset_id";

const SAMPLE = `s.id, s.version_id AS "versionId", s.position, s.class_index AS "classIndex",
  v.class_names[s.class_index + 1] AS "className", s.split, s.source_name AS "sourceName",
  s.content_hash AS "contentHash", s.width_pixels AS "widthPixels", s.height_pixels AS "heightPixels"`;
const FROM_SAMPLES = "FROM sample s JOIN dataset_version v ON v.id = s.version_id";

const DATASET_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: DatasetRecord) => [
  createdAt.toISOString(),
  id,
]);
const VERSION_KEYSET = keysetOf(["integer"], ({ number }: DatasetVersionRecord) => [number]);
const SAMPLE_KEYSET = keysetOf(["integer"], ({ position }: SampleRecord) => [position]);
const QUARANTINE_KEYSET = keysetOf(["integer"], ({ position }: QuarantinedFileRecord) => [position]);

function quarantineReason(text: string): QuarantineReason {
  if (Object.hasOwn(QuarantineReason, text)) return text as QuarantineReason;
  throw new Error(`The database holds an unknown quarantine reason: ${text}.`);
}

function groupByVersion<T>(rows: readonly (T & { versionId: string })[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const { versionId, ...rest } of rows) {
    const group = groups.get(versionId) ?? [];
    groups.set(versionId, group);
    group.push(rest as T);
  }
  return groups;
}

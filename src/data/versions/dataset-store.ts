import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  QuarantinedFileRecord,
  SampleRecord,
} from "../../core/dataset-records.js";
import { Split } from "../../core/enumerations.js";
import type { Page, PageRequest } from "../../core/page.js";
import type { Database } from "../../db/database.js";
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
  async listDatasets(page: PageRequest): Promise<Page<DatasetRecord>> {
    const [time, id] = page.after === null ? [null, null] : decodeCursor(page.after, ["time", "string"]);
    const rows = await this.#rows<DatasetRecord>(
      `SELECT ${DATASET} FROM dataset d
       WHERE $1::timestamptz IS NULL OR (d.created_at, d.id) < ($1, $2)
       ORDER BY d.created_at DESC, d.id DESC LIMIT $3`,
      [time, id, page.first + 1],
    );
    return toPage(rows, page, (dataset) => [dataset.createdAt.toISOString(), dataset.id]);
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
  async listVersions(datasetId: string, page: PageRequest): Promise<Page<DatasetVersionRecord>> {
    const rows = await this.#rows<DatasetVersionRecord>(
      `SELECT ${VERSION} ${FROM_VERSIONS}
       WHERE v.dataset_id = $1 AND ($2::int IS NULL OR v.number < $2) ORDER BY v.number DESC LIMIT $3`,
      [datasetId, integerAfter(page), page.first + 1],
    );
    return toPage(rows, page, (version) => [version.number]);
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
    filter: SampleFilter,
    page: PageRequest,
  ): Promise<Page<SampleRecord> & { totalCount: number }> {
    const after = integerAfter(page);
    const matching = `${FROM_SAMPLES}
       WHERE s.version_id = $1 AND ($2::split IS NULL OR s.split = $2)
         AND ($3::text IS NULL OR s.class_index = array_position(v.class_names, $3) - 1)`;
    const values = [versionId, filter.split, filter.className];
    const [rows, counts] = await Promise.all([
      this.#rows<SampleRecord>(
        `SELECT ${SAMPLE} ${matching} AND ($4::int IS NULL OR s.position > $4) ORDER BY s.position LIMIT $5`,
        [...values, after, page.first + 1],
      ),
      this.#rows<{ count: number }>(`SELECT count(*)::int ${matching}`, values),
    ]);
    return { ...toPage(rows, page, (sample) => [sample.position]), totalCount: counts[0]?.count ?? 0 };
  }

  /** Every sample of a version by position, which is also its index in the array. */
  allSamples(versionId: string): Promise<SampleRecord[]> {
    return this.#rows(`SELECT ${SAMPLE} ${FROM_SAMPLES} WHERE s.version_id = $1 ORDER BY s.position`, [
      versionId,
    ]);
  }

  /** In the order of their source names. */
  async listQuarantine(
    versionId: string,
    page: PageRequest,
  ): Promise<Page<QuarantinedFileRecord> & { totalCount: number }> {
    const [rows, counts] = await Promise.all([
      this.#rows<QuarantinedFileRecord>(
        `SELECT position, source_name AS "sourceName", reason, detail FROM quarantined_file
         WHERE version_id = $1 AND ($2::int IS NULL OR position > $2) ORDER BY position LIMIT $3`,
        [versionId, integerAfter(page), page.first + 1],
      ),
      this.#rows<{ count: number }>("SELECT count(*)::int FROM quarantined_file WHERE version_id = $1", [
        versionId,
      ]),
    ]);
    return { ...toPage(rows, page, (file) => [file.position]), totalCount: counts[0]?.count ?? 0 };
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

/** The key of lists that are ordered by one whole number, which Postgres holds in an int4. */
function integerAfter(page: PageRequest): number | null {
  if (page.after === null) return null;
  const [after] = decodeCursor(page.after, ["integer"]);
  return Math.max(-(2 ** 31), Math.min(after, 2 ** 31 - 1));
}

/** @param rows one more than the page holds when there is a next page */
function toPage<T>(
  rows: readonly T[],
  page: PageRequest,
  key: (row: T) => readonly (string | number)[],
): Page<T> {
  return {
    items: rows.slice(0, page.first).map((node) => ({ node, cursor: encodeCursor(key(node)) })),
    hasNextPage: rows.length > page.first,
  };
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

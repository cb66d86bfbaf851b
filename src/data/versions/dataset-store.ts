import { type QueryCreator, sql } from "kysely";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  QuarantinedFileRecord,
  SampleRecord,
} from "../../core/dataset-records.js";
import { QuarantineReason, Split } from "../../core/enumerations.js";
import { keysetOf, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import { anyOf } from "../../db/any-of.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { inKeyRange } from "../../db/key-range.js";
import { prepared } from "../../db/prepared.js";
import { parseDatasetRef } from "./dataset-ref.js";

/** The samples that `listSamples` returns; null means any. */
export interface SampleFilter {
  readonly className: string | null;
  readonly split: Split | null;
}

export interface SplitCount {
  readonly split: Split;
  readonly sampleCount: number;
}

/** The columns of a DatasetRecord, for Prisma. */
const DATASET = { id: true, name: true, description: true, createdAt: true } as const;

/** The same for Kysely. */
const DATASET_COLUMNS = ["id", "name", "description", "createdAt"] as const;

/** The columns of a DatasetVersionRecord, for Kysely: `v` is the version and `d` its dataset. */
const VERSION = [
  ...(["v.id", "v.datasetId", "d.name as datasetName", "v.number", "v.status"] as const),
  ...(["v.failureCode", "v.failureMessage", "v.hash", "v.classNames", "v.splitSeed"] as const),
  ...(["v.validationFraction", "v.testFraction", "v.sampleCount", "v.quarantinedCount"] as const),
  "v.createdAt",
] as const;

/** The columns of a SampleRecord but for its class name, for Kysely. */
const SAMPLE = [
  ...(["s.id", "s.versionId", "s.position", "s.classIndex", "s.split"] as const),
  ...(["s.sourceName", "s.contentHash", "s.widthPixels", "s.heightPixels"] as const),
] as const;

function selectVersions(db: QueryCreator<Tables>) {
  return db
    .selectFrom("datasetVersion as v")
    .innerJoin("dataset as d", "d.id", "v.datasetId")
    .select(VERSION);
}

const findVersions = prepared((db, { ids }: { ids: readonly string[] }) =>
  selectVersions(db).where("v.id", "=", anyOf(ids)),
);

const countSplits = prepared((db, { versionIds }: { versionIds: readonly string[] }) =>
  db
    .selectFrom("sample")
    .select(({ fn }) => ["versionId", "split", fn.countAll<number>().as("count")])
    .where("versionId", "=", anyOf(versionIds))
    .groupBy(["versionId", "split"]),
);

const DATASET_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: DatasetRecord) => [
  createdAt.toISOString(),
  id,
]);
const VERSION_KEYSET = keysetOf(["integer"], ({ number }: DatasetVersionRecord) => [number]);
const SAMPLE_KEYSET = keysetOf(["integer"], ({ position }: SampleRecord) => [position]);
const QUARANTINE_KEYSET = keysetOf(["integer"], ({ position }: QuarantinedFileRecord) => [position]);

const SPLITS = Object.values(Split);

/** Reads datasets, their versions, samples and quarantined files. */
export class DatasetStore {
  constructor(private readonly database: Database) {}

  findDatasetByName(name: string): Promise<DatasetRecord | null> {
    return this.database.prisma.dataset.findUnique({ where: { name }, select: DATASET });
  }

  /** Those that exist, in no particular order. */
  findDatasets(ids: readonly string[]): Promise<DatasetRecord[]> {
    return this.database.prisma.dataset.findMany({ where: { id: { in: [...ids] } }, select: DATASET });
  }

  /** Newest first. */
  async listDatasets(page: PageRequest): Promise<CountedPage<DatasetRecord>> {
    const { kysely, prisma } = this.database;
    const datasets = await readPage(page, DATASET_KEYSET, (range) =>
      inKeyRange(
        kysely.selectFrom("dataset").select(DATASET_COLUMNS),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...datasets, totalCount: () => prisma.dataset.count() };
  }

  /** Those that exist, in no particular order. */
  findVersions(ids: readonly string[]): Promise<readonly DatasetVersionRecord[]> {
    return findVersions(this.database.kysely, { ids });
  }

  /** @param ref "flowers", its newest READY version, or "flowers:3", that version in any status */
  async findVersionByRef(ref: string): Promise<DatasetVersionRecord | null> {
    const parsed = parseDatasetRef(ref);
    if (parsed === null) return null;
    const version = await this.#versions()
      .where("d.name", "=", parsed.name)
      .where(({ eb }) =>
        parsed.number === null ? eb("v.status", "=", "READY") : eb("v.number", "=", parsed.number),
      )
      .orderBy("v.number", "desc")
      .limit(1)
      .executeTakeFirst();
    return version ?? null;
  }

  /** The versions of one dataset, in every status, newest first. */
  async listVersions(datasetId: string, page: PageRequest): Promise<CountedPage<DatasetVersionRecord>> {
    const { prisma } = this.database;
    const versions = await readPage(page, VERSION_KEYSET, (range) =>
      inKeyRange(
        this.#versions().where("v.datasetId", "=", datasetId),
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
    return this.#versions()
      .distinctOn("v.datasetId")
      .where("v.datasetId", "=", anyOf(datasetIds))
      .where("v.status", "=", "READY")
      .orderBy("v.datasetId")
      .orderBy("v.number", "desc")
      .execute();
  }

  /** One entry for every class of the version, in the order of their indices. */
  async classCounts(versionId: string): Promise<ClassCountRecord[]> {
    return (await this.classCountsOf([versionId])).get(versionId) ?? [];
  }

  /** {@link classCounts} of several versions, by version id. */
  async classCountsOf(versionIds: readonly string[]): Promise<Map<string, ClassCountRecord[]>> {
    const { prisma } = this.database;
    const [versions, groups] = await Promise.all([
      prisma.datasetVersion.findMany({
        where: { id: { in: [...versionIds] } },
        select: { id: true, classNames: true },
      }),
      prisma.sample.groupBy({
        by: ["versionId", "classIndex", "split"],
        where: { versionId: { in: [...versionIds] } },
        _count: true,
      }),
    ]);
    const counts = new Map(
      groups.map(({ versionId, classIndex, split, _count }) => [
        `${versionId} ${classIndex} ${split}`,
        _count,
      ]),
    );
    return new Map(
      versions.map(({ id, classNames }) => {
        const countOf = (index: number, split: Split): number => counts.get(`${id} ${index} ${split}`) ?? 0;
        const classes = classNames.map((name, index) => ({
          index,
          name,
          train: countOf(index, "TRAIN"),
          validation: countOf(index, "VALIDATION"),
          test: countOf(index, "TEST"),
        }));
        return [id, classes];
      }),
    );
  }

  /** By version id: one entry for every split, empty ones included. */
  async splitCountsOf(versionIds: readonly string[]): Promise<Map<string, SplitCount[]>> {
    const groups = await countSplits(this.database.kysely, { versionIds });
    const counts = new Map(groups.map(({ versionId, split, count }) => [`${versionId} ${split}`, count]));
    return new Map(
      versionIds.map((id) => [
        id,
        SPLITS.map((split) => ({ split, sampleCount: counts.get(`${id} ${split}`) ?? 0 })),
      ]),
    );
  }

  /** The longest side of all images of a version; 0 without images. */
  async longestSidePixels(versionId: string): Promise<number> {
    const { longest } = await this.database.kysely
      .selectFrom("sample")
      .select(({ fn, val }) =>
        fn.coalesce(fn.max(fn<number>("greatest", ["widthPixels", "heightPixels"])), val(0)).as("longest"),
      )
      .where("versionId", "=", versionId)
      .executeTakeFirstOrThrow();
    return longest;
  }

  /** Those that exist, in no particular order. */
  findSamples(ids: readonly string[]): Promise<SampleRecord[]> {
    return this.#samples().where("s.id", "=", anyOf(ids)).execute();
  }

  /** Those that exist of the version's samples at these positions, by position. */
  async samplesAt(versionId: string, positions: readonly number[]): Promise<SampleRecord[]> {
    const samples = this.#samplesOf(versionId).where("s.position", "=", anyOf(positions));
    return this.#named(versionId, await samples.orderBy("s.position").execute());
  }

  /** By position. */
  async listSamples(
    versionId: string,
    { className, split }: SampleFilter,
    page: PageRequest,
  ): Promise<CountedPage<SampleRecord>> {
    const matching = this.#samples()
      .where("s.versionId", "=", versionId)
      .$if(split !== null, (query) => query.where("s.split", "=", split))
      .$if(className !== null, (query) =>
        // As a query of its own it runs once, and not for every sample.
        query.where("s.classIndex", "=", ({ selectFrom }) =>
          selectFrom("datasetVersion as ofClass")
            .select(({ ref }) =>
              sql<number>`array_position(${ref("ofClass.classNames")}, ${className}) - 1`.as("index"),
            )
            .where("ofClass.id", "=", versionId),
        ),
      );
    const samples = await readPage(page, SAMPLE_KEYSET, (range) =>
      inKeyRange(matching, { columns: ["s.position"], direction: "asc" }, range).execute(),
    );
    const totalCount = async (): Promise<number> => {
      const counted = matching.clearSelect().select(({ fn }) => fn.countAll<number>().as("count"));
      return (await counted.executeTakeFirstOrThrow()).count;
    };
    return { ...samples, totalCount };
  }

  /** Every sample of a version by position, which is also its index in the array. */
  async allSamples(versionId: string): Promise<SampleRecord[]> {
    return this.#named(versionId, await this.#samplesOf(versionId).orderBy("s.position").execute());
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

  #versions() {
    return selectVersions(this.database.kysely);
  }

  #samplesOf(versionId: string) {
    return this.database.kysely.selectFrom("sample as s").select(SAMPLE).where("s.versionId", "=", versionId);
  }

  /**
   * Adds the class names to many samples of one version. PostgreSQL would unpack the list of names for every sample, which
   * takes a millisecond each when there are thousands.
   */
  async #named(
    versionId: string,
    samples: readonly Omit<SampleRecord, "className">[],
  ): Promise<SampleRecord[]> {
    const version = await this.database.prisma.datasetVersion.findUnique({
      where: { id: versionId },
      select: { classNames: true },
    });
    const classNames = version?.classNames ?? [];
    return samples.map((sample) => ({ ...sample, className: classNames[sample.classIndex] ?? "" }));
  }

  /** Few samples, of any versions. */
  #samples() {
    return this.database.kysely
      .selectFrom("sample as s")
      .innerJoin("datasetVersion as v", "v.id", "s.versionId")
      .select(({ ref }) => [
        ...SAMPLE,
        sql<string>`${ref("v.classNames")}[${ref("s.classIndex")} + 1]`.as("className"),
      ]);
  }
}

function quarantineReason(text: string): QuarantineReason {
  if (Object.hasOwn(QuarantineReason, text)) return text as QuarantineReason;
  throw new Error(`The database holds an unknown quarantine reason: ${text}.`);
}

import type pg from "pg";
import { newId } from "../../core/ids.js";
import type { Database } from "../../db/database.js";
import type { Manifest, ManifestSample } from "./manifest.js";

/** Rows that go into one statement; its arrays stay a few megabytes. */
const ROWS_PER_INSERT = 20_000;

/** What the doorbell rings for when an import moves on. */
export function importKey(versionId: string): string {
  return `import:${versionId}`;
}

/** The right to carry out one import; see `DatasetImportStore.lease`. */
export class ImportLease implements AsyncDisposable {
  #broken = false;

  constructor(
    private readonly database: Database,
    private readonly client: pg.PoolClient,
    private readonly versionId: string,
    private readonly release: (broken: boolean) => void,
  ) {}

  /**
   * Writes all of a finished version in one transaction, on the connection that holds the lease: a
   * process that lost it can no longer write.
   */
  async finish(manifest: Manifest): Promise<void> {
    const { client, versionId } = this;
    try {
      await client.query("BEGIN");
      await this.#insertSamples(manifest.samples);
      await this.#insertQuarantine(manifest);
      await client.query(
        `UPDATE dataset_version SET status = 'READY', hash = $2, class_names = $3, sample_count = $4,
           quarantined_count = $5, progress = NULL, finished_at = now()
         WHERE id = $1 AND status = 'IMPORTING'`,
        [versionId, manifest.hash, manifest.classNames, manifest.samples.length, manifest.quarantine.length],
      );
      await client.query(this.database.notifier.notifyText(importKey(versionId)));
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {
        this.#broken = true;
      });
      throw error;
    }
  }

  async #insertSamples(samples: readonly ManifestSample[]): Promise<void> {
    for (const rows of chunks(samples)) {
      await this.client.query(
        `INSERT INTO sample (id, version_id, position, class_index, split, source_name, content_hash,
           width_pixels, height_pixels)
         SELECT id, $1, position, class_index, split::split, source_name, content_hash, width, height
         FROM unnest($2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[])
           AS row(id, position, class_index, split, source_name, content_hash, width, height)`,
        [
          this.versionId,
          rows.map(() => newId("sample")),
          rows.map(({ position }) => position),
          rows.map(({ classIndex }) => classIndex),
          rows.map(({ split }) => split),
          rows.map(({ sourceName }) => sourceName),
          rows.map(({ contentHash }) => contentHash),
          rows.map(({ widthPixels }) => widthPixels),
          rows.map(({ heightPixels }) => heightPixels),
        ],
      );
    }
  }

  async #insertQuarantine({ quarantine }: Manifest): Promise<void> {
    for (const rows of chunks(quarantine)) {
      await this.client.query(
        `INSERT INTO quarantined_file (version_id, position, source_name, reason, detail)
         SELECT $1, position, source_name, reason, detail
         FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS row(position, source_name, reason, detail)`,
        [
          this.versionId,
          rows.map(({ position }) => position),
          rows.map(({ sourceName }) => sourceName),
          rows.map(({ reason }) => reason),
          rows.map(({ detail }) => detail),
        ],
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.query("SELECT pg_advisory_unlock_all()").catch(() => {
      this.#broken = true;
    });
    this.release(this.#broken);
  }
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT)
    yield rows.slice(from, from + ROWS_PER_INSERT);
}

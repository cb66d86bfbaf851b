import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";

/** A file that a run leaves for people and tools to download. */
export interface ArtifactRecord {
  readonly runId: string;
  /** One part of a path. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Of its first `sizeBytes` bytes: the file of a run that trains may have grown beyond them. */
  readonly sha256: string;
}

export interface StoredArtifact extends ArtifactRecord {
  /** Path below the run's own folder; null: it is the blob with the digest. */
  readonly file: string | null;
}

export type NewArtifact = Omit<StoredArtifact, "runId">;

export class ArtifactStore {
  constructor(private readonly database: Database) {}

  /** By run, then by name. */
  async ofRuns(runIds: readonly string[]): Promise<readonly ArtifactRecord[]> {
    const { rows } = await this.database.pool.query<ArtifactRecord>(
      `select run_id as "runId", name, size_bytes::float8 as "sizeBytes", sha256 from artifact
       where run_id = any($1) order by run_id, name`,
      [runIds],
    );
    return rows;
  }

  /** Null when there is none of that name. */
  async find(runId: string, name: string): Promise<StoredArtifact | null> {
    const { rows } = await this.database.pool.query<StoredArtifact>(
      `select run_id as "runId", name, size_bytes::float8 as "sizeBytes", sha256, file from artifact
       where run_id = $1 and name = $2`,
      [runId, name],
    );
    return rows[0] ?? null;
  }

  /** Adds the artifact, or replaces the one of that name, as a part of the caller's transaction. */
  async record(client: Transaction, runId: string, artifact: NewArtifact, at: Date): Promise<void> {
    const { name, sizeBytes, sha256, file } = artifact;
    await client.query(
      `insert into artifact (run_id, name, size_bytes, sha256, file, created_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (run_id, name) do update set size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
         file = excluded.file, created_at = excluded.created_at`,
      [runId, name, sizeBytes, sha256, file, at],
    );
  }

  /** As a part of the caller's transaction. */
  async remove(client: Transaction, runId: string, name: string): Promise<void> {
    await client.query(`delete from artifact where run_id = $1 and name = $2`, [runId, name]);
  }
}

import type { Database } from "../../db/database.js";

export interface UploadRecord {
  readonly id: string;
  readonly state: "OPEN" | "COMPLETE";
  /** What the client announced; null when it did not. */
  readonly expectedBytes: number | null;
  readonly expectedSha256: string | null;
  /** What arrived; null until COMPLETE. */
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly expiresAt: Date;
}

export interface NewUpload {
  readonly id: string;
  readonly expectedBytes: number | null;
  readonly expectedSha256: string | null;
  readonly tokenId: string;
  readonly expiresAt: Date;
}

/** Rows of uploads; their bytes are files of `Uploads`. */
export class UploadStore {
  constructor(private readonly database: Database) {}

  async insert(upload: NewUpload): Promise<void> {
    await this.database.pool.query(
      `INSERT INTO upload (id, expected_bytes, expected_sha256, created_by_token, expires_at)
       VALUES ($1, $2, $3, $4, $5)`,
      [upload.id, upload.expectedBytes, upload.expectedSha256, upload.tokenId, upload.expiresAt],
    );
  }

  async find(id: string): Promise<UploadRecord | null> {
    // Sizes stay far below 2^53, where float8 is exact.
    const { rows } = await this.database.pool.query<UploadRecord>(
      `SELECT id, state, expected_bytes::float8 AS "expectedBytes", expected_sha256 AS "expectedSha256",
              size_bytes::float8 AS "sizeBytes", sha256, expires_at AS "expiresAt"
       FROM upload WHERE id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** @returns false when another request completed it first */
  async complete(id: string, sizeBytes: number, sha256: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      "UPDATE upload SET state = 'COMPLETE', size_bytes = $2, sha256 = $3 WHERE id = $1 AND state = 'OPEN'",
      [id, sizeBytes, sha256],
    );
    return rowCount === 1;
  }

  /** Removes the rows that expired, except those an unfinished import still reads; returns their ids. */
  async deleteExpired(now: Date): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      `DELETE FROM upload u WHERE u.expires_at < $1 AND NOT EXISTS (
         SELECT FROM dataset_version v WHERE v.status = 'IMPORTING' AND v.source->>'uploadId' = u.id)
       RETURNING u.id`,
      [now],
    );
    return rows.map(({ id }) => id);
  }
}

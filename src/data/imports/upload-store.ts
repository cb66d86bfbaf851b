import { sql } from "kysely";
import type { Database } from "../../db/database.js";

export interface UploadRecord {
  readonly id: string;
  readonly state: "OPEN" | "COMPLETE";
  /** As announced by the client; null when it was not. */
  readonly expectedBytes: number | null;
  readonly expectedSha256: string | null;
  /** Number of received bytes; null until COMPLETE. */
  readonly sizeBytes: number | null;
  /** SHA-256 of the received bytes; null until COMPLETE. */
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

/** Rows of uploads; `Uploads` has their files. */
export class UploadStore {
  constructor(private readonly database: Database) {}

  async insert({ tokenId, ...upload }: NewUpload): Promise<void> {
    await this.database.prisma.upload.create({
      data: { ...upload, createdByToken: tokenId },
      select: { id: true },
    });
  }

  async find(id: string): Promise<UploadRecord | null> {
    const upload = await this.database.prisma.upload.findUnique({
      where: { id },
      select: {
        id: true,
        state: true,
        expectedBytes: true,
        expectedSha256: true,
        sizeBytes: true,
        sha256: true,
        expiresAt: true,
      },
    });
    if (upload === null) return null;
    const { expectedBytes, sizeBytes } = upload;
    return { ...upload, expectedBytes: numberOrNull(expectedBytes), sizeBytes: numberOrNull(sizeBytes) };
  }

  /** @returns false when another request completed it first */
  async complete(id: string, sizeBytes: number, sha256: string): Promise<boolean> {
    const { count } = await this.database.prisma.upload.updateMany({
      where: { id, state: "OPEN" },
      data: { state: "COMPLETE", sizeBytes, sha256 },
    });
    return count === 1;
  }

  /** Removes the rows that expired, except those that an unfinished import still reads. @returns their ids */
  async deleteExpired(now: Date): Promise<string[]> {
    const deleted = await this.database.kysely
      .deleteFrom("upload as u")
      .where("u.expiresAt", "<", now)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("datasetVersion as v")
              .where("v.status", "=", "IMPORTING")
              // An ImportSourceRef.
              .where(({ eb, ref }) => eb(ref("u.id"), "=", sql<string>`${ref("v.source")} ->> 'uploadId'`)),
          ),
        ),
      )
      .returning("u.id")
      .execute();
    return deleted.map(({ id }) => id);
  }
}

/** Sizes stay far below 2^53. */
function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

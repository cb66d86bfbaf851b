import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";

/** A file that a run leaves for people and tools to download. */
export interface ArtifactRecord {
  readonly runId: string;
  /** One part of a path. */
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 of its first `sizeBytes` bytes: the file of a run that trains may have grown beyond them. */
  readonly sha256: string;
}

export interface StoredArtifact extends ArtifactRecord {
  /** Path below the run's own folder; null: it is the blob with the digest. */
  readonly file: string | null;
}

export type NewArtifact = Omit<StoredArtifact, "runId">;

/** The columns of an ArtifactRecord. */
const ARTIFACT = { runId: true, name: true, sizeBytes: true, sha256: true } as const;

export class ArtifactStore {
  constructor(private readonly database: Database) {}

  /** By run, then by name. */
  async ofRuns(runIds: readonly string[]): Promise<readonly ArtifactRecord[]> {
    const rows = await this.database.prisma.artifact.findMany({
      where: { runId: { in: [...runIds] } },
      select: ARTIFACT,
      orderBy: [{ runId: "asc" }, { name: "asc" }],
    });
    return rows.map(withNumbers);
  }

  /** Null for an unknown name. */
  async find(runId: string, name: string): Promise<StoredArtifact | null> {
    const row = await this.database.prisma.artifact.findUnique({
      where: { runId_name: { runId, name } },
      select: { ...ARTIFACT, file: true },
    });
    return row === null ? null : withNumbers(row);
  }

  /** Adds the artifact, or replaces the one of that name, as a part of the caller's transaction. */
  async record(
    { prisma }: Transaction,
    runId: string,
    artifact: NewArtifact,
    createdAt: Date,
  ): Promise<void> {
    const { name, ...file } = artifact;
    await prisma.artifact.upsert({
      where: { runId_name: { runId, name } },
      create: { runId, name, ...file, createdAt },
      update: { ...file, createdAt },
      select: { name: true },
    });
  }

  /** As a part of the caller's transaction. */
  async remove({ prisma }: Transaction, runId: string, name: string): Promise<void> {
    await prisma.artifact.deleteMany({ where: { runId, name } });
  }
}

function withNumbers<Row extends { readonly sizeBytes: bigint }>(
  row: Row,
): Omit<Row, "sizeBytes"> & { sizeBytes: number } {
  return { ...row, sizeBytes: Number(row.sizeBytes) };
}

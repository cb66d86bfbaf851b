import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BenchContext } from "../benchmark.js";
import { MeasuredServer } from "./measured-server.js";

/** Where a benchmark keeps everything that it makes; goes with all of it. */
export class WorkFolder implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async create(): Promise<WorkFolder> {
    const work = new WorkFolder(await mkdtemp(path.join(tmpdir(), "espalier-bench-")));
    await mkdir(work.picturesFolder);
    return work;
  }

  /** Of the servers that are started here. */
  get homeFolder(): string {
    return path.join(this.folder, "home");
  }

  /** Of a database that a benchmark starts beside its server, to write to it itself. */
  get databaseFolder(): string {
    return path.join(this.folder, "postgres");
  }

  /** Below it, the servers may read what they import. */
  get picturesFolder(): string {
    return path.join(this.folder, "pictures");
  }

  /**
   * Starts a server, gives it to `use` and stops it. The next server finds what it imported and decoded,
   * but not its checkpoints: those of large networks are gigabytes.
   *
   * @param databaseUrl null: a database that the servers have for themselves
   * @throws AppError `SERVER_ENDED`; what `use` throws
   */
  async serve<T>(
    context: BenchContext,
    use: (server: MeasuredServer) => Promise<T>,
    databaseUrl: string | null = null,
  ): Promise<T> {
    const { homeFolder, picturesFolder } = this;
    try {
      await using server = await MeasuredServer.start({ homeFolder, picturesFolder, context, databaseUrl });
      return await server.during(use(server));
    } finally {
      await rm(path.join(homeFolder, "runs"), { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BenchContext } from "../benchmark.js";
import { MeasuredServer } from "./measured-server.js";

/** The temporary folder of a benchmark. Disposing removes it. */
export class WorkFolder implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async create(): Promise<WorkFolder> {
    const work = new WorkFolder(await mkdtemp(path.join(tmpdir(), "espalier-bench-")));
    await mkdir(work.imagesFolder);
    return work;
  }

  /** Home folder of the servers that are started here. */
  get homeFolder(): string {
    return path.join(this.folder, "home");
  }

  /** Folder of a database that a benchmark starts itself, in order to write to it. */
  get databaseFolder(): string {
    return path.join(this.folder, "postgres");
  }

  /** The servers may import from below this folder. */
  get imagesFolder(): string {
    return path.join(this.folder, "images");
  }

  /**
   * Starts a server, passes it to `use` and stops it. The next server finds the imported and decoded images, but no
   * checkpoints, which take gigabytes for large networks.
   *
   * @param databaseUrl null uses an embedded database
   * @throws AppError `SERVER_ENDED`; what `use` throws
   */
  async serve<T>(
    context: BenchContext,
    use: (server: MeasuredServer) => Promise<T>,
    databaseUrl: string | null = null,
  ): Promise<T> {
    const { homeFolder, imagesFolder } = this;
    try {
      await using server = await MeasuredServer.start({ homeFolder, imagesFolder, context, databaseUrl });
      return await server.during(use(server));
    } finally {
      await rm(path.join(homeFolder, "runs"), { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

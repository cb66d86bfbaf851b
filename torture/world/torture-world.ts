import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiClient } from "../../src/client/api-client.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { MortalPostgres } from "./mortal-postgres.js";
import { MortalServer } from "./mortal-server.js";

/** What is tortured: a server, a PostgreSQL that outlives it, and the folder of everything, which goes with it. */
export class TortureWorld implements AsyncDisposable {
  /** What it took the server to listen when it was started for the first time. */
  startingMs = 0;

  private constructor(
    private readonly folder: string,
    readonly postgres: MortalPostgres,
    readonly server: MortalServer,
    private readonly owned: OwnedResources,
  ) {}

  /** @param report gets what the server says until it listens */
  static async open(report: (line: string) => void): Promise<TortureWorld> {
    await using opening = new OwnedResources();
    const folder = await mkdtemp(path.join(tmpdir(), "espalier-torture-"));
    opening.defer(() => rm(folder, { recursive: true, force: true }));
    const temporary = path.join(folder, "tmp");
    await mkdir(temporary);
    const postgres = opening.own(await MortalPostgres.start(path.join(folder, "postgres")));
    const server = opening.own(
      new MortalServer(
        {
          ESPALIER_HOME: homeOf(folder),
          ESPALIER_IMPORT_ROOTS: picturesOf(folder),
          ESPALIER_LOG_LEVEL: process.env.ESPALIER_LOG_LEVEL ?? "error",
          DATABASE_URL: postgres.url,
          // What a killed process leaves there goes too.
          TMPDIR: temporary,
        },
        report,
      ),
    );
    return new TortureWorld(folder, postgres, server, opening.move());
  }

  /** Starts the server for the first time. @throws AppError `SERVER_ENDED`; the signal's reason */
  async start(signal: AbortSignal): Promise<ApiClient> {
    this.server.start();
    const stopped = new Promise<never>((_, reject) => {
      const either = AbortSignal.any([signal, this.server.failed]);
      either.addEventListener("abort", () => reject(either.reason));
    });
    const api = await Promise.race([this.server.api, stopped]);
    this.startingMs = performance.now() - this.server.startedMs;
    return api;
  }

  /** Below it, the server may read what it imports. */
  get picturesFolder(): string {
    return picturesOf(this.folder);
  }

  /** Where the server keeps a run's files. */
  runFolder(runId: string): string {
    return path.join(homeOf(this.folder), "runs", runId);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.owned[Symbol.asyncDispose]();
  }
}

function homeOf(folder: string): string {
  return path.join(folder, "home");
}

function picturesOf(folder: string): string {
  return path.join(folder, "pictures");
}

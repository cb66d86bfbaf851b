import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiClient } from "../../src/client/api-client.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { KillablePostgres } from "./killable-postgres.js";
import { KillableServer } from "./killable-server.js";

/** A server, a PostgreSQL that can outlive it, and their temporary folder. Disposing stops and removes them. */
export class TortureWorld implements AsyncDisposable {
  /** Time of the first start until the server listened. */
  startingMs = 0;

  private constructor(
    private readonly folder: string,
    readonly postgres: KillablePostgres,
    readonly server: KillableServer,
    private readonly owned: OwnedResources,
  ) {}

  /** @param report receives the messages of the server until it listens */
  static async open(report: (line: string) => void): Promise<TortureWorld> {
    await using opening = new OwnedResources();
    const folder = await mkdtemp(path.join(tmpdir(), "espalier-torture-"));
    opening.defer(() => rm(folder, { recursive: true, force: true }));
    const temporary = path.join(folder, "tmp");
    await mkdir(temporary);
    const postgres = opening.own(await KillablePostgres.start(path.join(folder, "postgres")));
    const server = opening.own(
      new KillableServer(
        {
          ESPALIER_HOME: homeOf(folder),
          ESPALIER_IMPORT_ROOTS: imagesOf(folder),
          ESPALIER_LOG_LEVEL: process.env.ESPALIER_LOG_LEVEL ?? "error",
          DATABASE_URL: postgres.url,
          // Files that a killed process leaves there are removed too.
          TMPDIR: temporary,
        },
        report,
      ),
    );
    return new TortureWorld(folder, postgres, server, opening.move());
  }

  /** Starts the server for the first time. @throws ClientError `SERVER_ENDED`; the signal's reason */
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

  /** The server may import from below this folder. */
  get imagesFolder(): string {
    return imagesOf(this.folder);
  }

  /** The folder in which the server keeps the files of a run. */
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

function imagesOf(folder: string): string {
  return path.join(folder, "images");
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../src/core/config.js";
import { EngineHost } from "../../src/engine/engine-host.js";
import { provideNativeLibrary } from "../../src/engine/native-library.js";
import { testLog } from "./database.js";

export interface EngineWithFolder extends AsyncDisposable {
  readonly host: EngineHost;
  /** For the test's files; the engine's work folder is `work` in it. Removed at the end. */
  readonly folder: string;
}

/**
 * A real engine, and a folder that tests look into.
 *
 * @param threads as many as the configuration says unless given
 */
export async function startEngineWithFolder(threads?: number): Promise<EngineWithFolder> {
  const config = parseConfig(process.env);
  const nativeLibrary = await provideNativeLibrary(config, () => {});
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-engine-"));
  const host = await EngineHost.start({
    nativeLibrary,
    threads: threads ?? config.threads,
    workFolder: path.join(folder, "work"),
    log: testLog,
  });
  return {
    host,
    folder,
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A real engine with one thread, for tests that need no files of their own. */
export async function startTestEngine(): Promise<EngineHost> {
  const { host, folder } = await startEngineWithFolder(1);
  const dispose = host[Symbol.asyncDispose].bind(host);
  host[Symbol.asyncDispose] = async () => {
    await dispose();
    await rm(folder, { recursive: true, force: true });
  };
  return host;
}

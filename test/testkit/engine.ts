import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../src/core/config.js";
import { EngineHost } from "../../src/engine/engine-host.js";
import { provideNativeLibrary } from "../../src/engine/native-library.js";
import { testLog } from "./postgres/database.js";

export interface EngineWithFolder extends AsyncDisposable {
  readonly host: EngineHost;
  /** A folder for files of the test. The work folder of the engine is `work` in it. Disposing removes it. */
  readonly folder: string;
}

/**
 * Starts a real engine with a folder that tests can read.
 *
 * @param threads by default the number in the configuration
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

/** Starts a real engine with one thread, for tests without files. */
export async function startTestEngine(): Promise<EngineHost> {
  const { host, folder } = await startEngineWithFolder(1);
  const dispose = host[Symbol.asyncDispose].bind(host);
  host[Symbol.asyncDispose] = async () => {
    await dispose();
    await rm(folder, { recursive: true, force: true });
  };
  return host;
}

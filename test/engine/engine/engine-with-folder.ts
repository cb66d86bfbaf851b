import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../../src/core/config.js";
import { EngineHost } from "../../../src/engine/engine-host.js";
import { provideNativeLibrary } from "../../../src/engine/native-library.js";
import { createLog } from "../../../src/telemetry/log.js";

export interface EngineWithFolder extends AsyncDisposable {
  readonly host: EngineHost;
  /** For the test's files; the engine's work folder is `work` in it. Removed at the end. */
  readonly folder: string;
}

/** A real engine with as many threads as the configuration says, and a folder that tests look into. */
export async function startEngineWithFolder(): Promise<EngineWithFolder> {
  const config = parseConfig(process.env);
  const nativeLibrary = await provideNativeLibrary(config, () => {});
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-engine-"));
  const host = await EngineHost.start({
    nativeLibrary,
    threads: config.threads,
    workFolder: path.join(folder, "work"),
    log: createLog("error"),
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

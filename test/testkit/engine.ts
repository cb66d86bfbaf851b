import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../src/core/config.js";
import { EngineHost } from "../../src/engine/engine-host.js";
import { provideNativeLibrary } from "../../src/engine/native-library.js";
import { testLog } from "./database.js";

/** The real engine with one thread, and a work folder that goes with it. */
export async function startTestEngine(): Promise<EngineHost> {
  const workFolder = await mkdtemp(path.join(tmpdir(), "espalier-engine-"));
  const nativeLibrary = await provideNativeLibrary(parseConfig(process.env), () => {});
  const host = await EngineHost.start({ nativeLibrary, threads: 1, workFolder, log: testLog });
  const dispose = host[Symbol.asyncDispose].bind(host);
  host[Symbol.asyncDispose] = async () => {
    await dispose();
    await rm(workFolder, { recursive: true, force: true });
  };
  return host;
}

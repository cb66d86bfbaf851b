import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../src/core/config.js";
import { EngineHost } from "../../src/engine/engine-host.js";
import type { TensorValue } from "../../src/engine/engine-protocol.js";
import { provideNativeLibrary } from "../../src/engine/native-library.js";
import { createLog } from "../../src/telemetry/log.js";
import { labels, pictures } from "./golden-formula.js";

export interface GoldenEngine extends AsyncDisposable {
  readonly host: EngineHost;
  /** Removed at the end; for checkpoints. */
  readonly folder: string;
}

/** The real engine, as the server starts it, with a temporary folder. */
export async function startGoldenEngine(): Promise<GoldenEngine> {
  const config = parseConfig(process.env);
  const nativeLibrary = await provideNativeLibrary(config, (line) => process.stderr.write(`${line}\n`));
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-golden-"));
  const host = await EngineHost.start({
    nativeLibrary,
    threads: config.threads,
    workFolder: path.join(folder, "graphs"),
    log: createLog("warn"),
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

/** The formula's pictures, ready to be fed. */
export function fedPictures(name: string, count: number, size: number): TensorValue {
  return { dtype: "uint8", shape: [count, size, size, 3], data: pictures(name, count, size) };
}

/** The formula's labels, ready to be fed. */
export function fedLabels(name: string, count: number, classes: number): TensorValue {
  return { dtype: "int32", shape: [count], data: labels(name, count, classes) };
}

/** The numbers of a fetched float32 tensor. */
export function floats(value: TensorValue | undefined): Float32Array {
  if (value?.data instanceof Float32Array) return value.data;
  throw new Error(`Expected float32 numbers. Received ${value?.dtype ?? "nothing"}.`);
}

/** The number in a fetched scalar. */
export function scalar(value: TensorValue | undefined): number {
  if (value?.shape.length === 0 && value.data.length === 1) return Number(value.data[0]);
  throw new Error(
    `Expected a scalar. Received ${value === undefined ? "nothing" : JSON.stringify(value.shape)}.`,
  );
}

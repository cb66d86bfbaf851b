import { existsSync } from "node:fs";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { Config } from "../core/config.js";
import { projectRoot } from "../core/project-root.js";

/** A native library that is ready to be loaded. */
export interface NativeLibrary {
  /** The addon of `@tensorflow/tfjs-node-gpu`, linked against TensorFlow. */
  readonly addonFile: string;
}

export async function provideNativeLibrary(
  _config: Config,
  _progress: (line: string) => void,
): Promise<NativeLibrary> {
  const addonFile = path.join(
    projectRoot(),
    "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node",
  );
  if (!existsSync(addonFile)) throw new AppError("ENGINE_LIBRARY_MISSING", `Expected ${addonFile}.`);
  return { addonFile };
}

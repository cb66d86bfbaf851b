import { totalmem } from "node:os";
import { AppError } from "../core/app-error.js";

/**
 * Sets the variables that TensorFlow reads when it is loaded. They must be set in the main thread:
 * a worker's `process.env` is a copy that native code does not see. The library is loaded once per
 * process, so all engines of a process have one thread count.
 *
 * @throws AppError `ENGINE_THREADS_FIXED` when this process already runs with another thread count
 */
export function setEngineEnvironment(environment: NodeJS.ProcessEnv, threads: number): void {
  const fixed = environment.TF_NUM_INTRAOP_THREADS;
  if (fixed !== undefined && fixed !== String(threads)) {
    throw new AppError(
      "ENGINE_THREADS_FIXED",
      `The engine was asked for ${threads} threads, but TF_NUM_INTRAOP_THREADS is ${fixed} in this process. ` +
        "Use ESPALIER_THREADS instead of it, and one thread count per process.",
    );
  }
  environment.TF_NUM_INTRAOP_THREADS = String(threads);
  for (const [name, value] of Object.entries(defaults(threads))) environment[name] ??= value;
}

function defaults(threads: number): Readonly<Record<string, string>> {
  return {
    TF_NUM_INTEROP_THREADS: String(threads),
    // Errors reach the caller as exceptions; the rest is of interest to TensorFlow's developers.
    TF_CPP_MIN_LOG_LEVEL: "3",
    // Take GPU memory as it is needed instead of all of it at once.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // Kernels whose results depend on scheduling are refused or replaced: equal runs, equal bytes.
    TF_DETERMINISTIC_OPS: "1",
    // Without a limit the system ends the whole process where an allocation could have failed alone.
    TF_MKL_ALLOC_MAX_BYTES: String(Math.floor(memoryBytes() * 0.9)),
  };
}

/** Memory of this machine, or of the container when that is less. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

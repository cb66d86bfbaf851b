import { totalmem } from "node:os";
import { AppError } from "../core/app-error.js";

/**
 * Sets the environment variables that TensorFlow reads when it is loaded. They must be set in the main thread:
 * `process.env` of a worker thread is a copy that native code does not see. The library is loaded once per process, so
 * all engines of a process have the same number of threads.
 *
 * @throws AppError `ENGINE_THREADS_FIXED` when this process already uses another number of threads
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
    // Errors reach the caller as exceptions; the other messages are for TensorFlow's developers.
    TF_CPP_MIN_LOG_LEVEL: "3",
    // Allocates GPU memory as it is needed instead of all of it at once.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // Refuses or replaces kernels whose results depend on scheduling, so that equal runs give equal bytes.
    TF_DETERMINISTIC_OPS: "1",
    ...(process.arch === "x64" ? ONEDNN : {}),
    // Without a limit the system kills the whole process where a single allocation could have failed.
    TF_MKL_ALLOC_MAX_BYTES: String(Math.floor(memoryBytes() * 0.9)),
  };
}

/**
 * TensorFlow uses oneDNN's kernels by itself only where the processor has instructions for neural networks. On other
 * x86-64 processors most of them are faster too; those that may not be are measured, see `kernel-gradient-chooser`. And an
 * image's result does not depend on its place in the batch, as it does with TensorFlow's other kernels.
 */
const ONEDNN = { TF_ENABLE_ONEDNN_OPTS: "1" };

/** Memory of this machine, or of the container when it has less. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

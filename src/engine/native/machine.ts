import { existsSync } from "node:fs";

/** What decides which TensorFlow a machine gets. */
export interface Machine {
  /** As `process.platform`. */
  readonly platform: string;
  /** As `process.arch`. */
  readonly architecture: string;
  readonly nvidiaGpu: boolean;
}

/** A GPU hidden by an empty `CUDA_VISIBLE_DEVICES`, or one of -1, does not count, as in CUDA itself. */
export function detectMachine(environment: NodeJS.ProcessEnv): Machine {
  const visible = environment.CUDA_VISIBLE_DEVICES?.trim();
  const hidden = visible === "" || visible === "-1";
  return {
    platform: process.platform,
    architecture: process.arch,
    nvidiaGpu: !hidden && (existsSync("/dev/nvidia0") || existsSync("/proc/driver/nvidia/version")),
  };
}

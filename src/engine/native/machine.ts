import { existsSync } from "node:fs";

/** The properties of a machine that decide which TensorFlow it uses. */
export interface Machine {
  /** Value of `process.platform`. */
  readonly platform: string;
  /** Value of `process.arch`. */
  readonly architecture: string;
  readonly nvidiaGpu: boolean;
}

/** Detects the machine. As in CUDA, a GPU that an empty `CUDA_VISIBLE_DEVICES`, or -1, hides does not count. */
export function detectMachine(environment: NodeJS.ProcessEnv): Machine {
  const visible = environment.CUDA_VISIBLE_DEVICES?.trim();
  const hidden = visible === "" || visible === "-1";
  return {
    platform: process.platform,
    architecture: process.arch,
    nvidiaGpu: !hidden && (existsSync("/dev/nvidia0") || existsSync("/proc/driver/nvidia/version")),
  };
}

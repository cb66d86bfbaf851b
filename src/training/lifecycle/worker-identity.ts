import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isAlive } from "../../lang/is-alive.js";

/** The identity of a worker in the rows of its runs. */
export interface WorkerIdentity {
  readonly id: string;
  /** The device that it computes with. Two workers with the same device never have runs at the same time. */
  readonly device: string;
  /** Whether a worker is known to be dead: its process was on this machine and no longer exists. */
  isDead(workerId: string): boolean;
}

/**
 * @param device null: the processors of this machine, or the GPUs that `CUDA_VISIBLE_DEVICES` names
 */
export function identifyWorker(device: string | null, environment: NodeJS.ProcessEnv): WorkerIdentity {
  const machine = machineId();
  const gpus = environment.CUDA_VISIBLE_DEVICES;
  const id = `${machine}/${process.pid}/${randomUUID()}`;
  return {
    id,
    device: device ?? (gpus === undefined ? machine : `${machine}/gpu-${gpus}`),
    isDead(workerId) {
      const [itsMachine, pid] = workerId.split("/");
      if (itsMachine !== machine || workerId === id) return false;
      return Number(pid) === process.pid || !isAlive(Number(pid));
    },
  };
}

/**
 * Equal exactly for processes that see the same process ids: those in one container, since one start of the machine.
 * Where this is unknown, the name of the machine is used instead.
 */
function machineId(): string {
  const parts = [
    hostname(),
    read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    read(() => readlinkSync("/proc/self/ns/pid")),
  ];
  return `${hostname()}-${createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12)}`;
}

function read(file: () => string): string {
  try {
    return file();
  } catch {
    return "";
  }
}

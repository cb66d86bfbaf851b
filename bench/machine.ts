import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";

/** The machine of a measurement. Figures of different machines cannot be compared. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Vector and matrix extensions, by their names in /proc/cpuinfo. */
  readonly isa: readonly string[];
  readonly memoryBytes: number;
}

const EXTENSIONS = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "asimd", "bf16"];

export async function describeMachine(): Promise<Machine> {
  const information = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(information)?.[1]?.split(" ") ?? []);
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    isa: EXTENSIONS.filter((extension) => flags.has(extension)),
    memoryBytes: totalmem(),
  };
}

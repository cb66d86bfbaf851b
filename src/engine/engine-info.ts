import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { promisify } from "node:util";
import { CUSTOM_OPS, type CustomOp } from "../graph/custom-op.js";
import { memoryBytes } from "./engine-environment.js";
import type { EngineDevice, EngineInfo } from "./engine-protocol.js";

/** Flags of /proc/cpuinfo by which oneDNN and Eigen choose their kernels, on x86-64 and on Arm. */
const INSTRUCTION_SETS = [
  ...["sse4_2", "avx", "fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"],
  ...["amx_tile", "amx_int8", "amx_bf16"],
  ...["asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2"],
];

/**
 * Describes the hardware that the engine runs on. A GPU is listed only when TensorFlow uses it, so a GPU that is missing
 * here means that training runs on the processor.
 */
export async function describeEngine(input: {
  readonly tensorflowVersion: string;
  readonly usesGpu: boolean;
  readonly threads: number;
  /** Whether the custom ops are loaded. */
  readonly hasKernels: boolean;
}): Promise<EngineInfo> {
  const processor = cpus()[0]?.model.trim() || process.arch;
  const cpu: EngineDevice = {
    name: processor,
    kind: "CPU",
    memoryBytes: memoryBytes(),
    instructionSets: await instructionSets(),
  };
  return {
    tensorflowVersion: input.tensorflowVersion,
    threads: input.threads,
    processor,
    devices: input.usesGpu ? [...(await gpus()), cpu] : [cpu],
    customOps: input.hasKernels && !input.usesGpu ? customOpsFor(cpu.instructionSets) : [],
  };
}

/**
 * The custom ops that a processor supports and that make it faster. Where there are matrix registers (AMX), TensorFlow's
 * own convolutions and matrix products use them, and the custom ops do not.
 */
export function customOpsFor(instructionSets: readonly string[]): readonly CustomOp[] {
  const vectors = ["avx512f", "avx512_bf16"].every((name) => instructionSets.includes(name));
  if (!vectors) return ["EspalierProjectiveTransform"];
  const matrices = instructionSets.includes("amx_bf16");
  return CUSTOM_OPS.filter((op) => !matrices || (op !== "EspalierConv2D" && op !== "EspalierDense"));
}

/** The instruction sets of the processor; empty where the system does not list them (macOS). */
async function instructionSets(): Promise<readonly string[]> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  return INSTRUCTION_SETS.filter((name) => flags.includes(name));
}

const MIB = 1024 * 1024;

async function gpus(): Promise<EngineDevice[]> {
  const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const listed = await promisify(execFile)("nvidia-smi", query).catch(() => null);
  const lines = listed?.stdout.trim().split("\n") ?? ["GPU"];
  return lines.map((line) => {
    const [name = "GPU", memoryMib] = line.split(",").map((field) => field.trim());
    const memory = Number(memoryMib) * MIB;
    return {
      name,
      kind: "GPU",
      memoryBytes: Number.isFinite(memory) ? memory : null,
      instructionSets: [],
    };
  });
}

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isFile } from "../../lang/is-file.js";
import { messageOf } from "../../lang/text/message-of.js";
import { compilerOf } from "./addon-build.js";
import type { Machine } from "./machine.js";
import { lastLines, runProgram } from "./program.js";
import { publishFolder } from "./shared-cache.js";
import type { TensorFlowFolder } from "./tensorflow-folder.js";

const KERNELS_FILE = "espalier_kernels.node";

/** No contraction of products and sums, so that transformed images are equal to TensorFlow's to the bit. */
const COMPILER_OPTIONS = [
  ...["-std=c++17", "-O3", "-ffp-contract=off", "-fPIC", "-fvisibility=hidden", "-pthread", "-shared"],
];

export interface KernelsSource {
  /** Holds the C++ files. */
  readonly folder: string;
  readonly machine: Pick<Machine, "platform" | "architecture">;
  readonly cacheFolder: string;
  readonly tensorflow: TensorFlowFolder;
  /** The addon, which loads TensorFlow, with which the kernels register. */
  readonly addonFile: string;
}

/**
 * Compiles the custom ops for TensorFlow, once for each version of them. Training works without them, only slower, so a
 * failure is reported as progress and not thrown.
 *
 * @returns the file that Node loads after the addon; null where the custom ops cannot be used
 */
export async function provideKernels(
  source: KernelsSource,
  progress: (line: string) => void,
): Promise<string | null> {
  const { folder, machine, cacheFolder, tensorflow } = source;
  if (machine.platform !== "linux" || machine.architecture !== "x64") return null;
  const files = (await readdir(folder)).filter((name) => /\.(cc|h)$/.test(name)).sort();
  const hash = createHash("sha256").update(`${tensorflow.identity}\n${COMPILER_OPTIONS.join(" ")}\n`);
  for (const name of files) hash.update(`${name}\n`).update(await readFile(path.join(folder, name)));
  try {
    const cached = await publishFolder({
      cacheFolder,
      name: `kernels-${hash.digest("hex").slice(0, 16)}`,
      isWhole: async (published) => isFile(path.join(published, KERNELS_FILE)),
      fill: async (target) => {
        progress("Compiling the custom ops, a few seconds");
        const units = files.filter((name) => name.endsWith(".cc")).map((name) => path.join(folder, name));
        await compile(units, path.join(target, KERNELS_FILE), source);
      },
    });
    return path.join(cached, KERNELS_FILE);
  } catch (error) {
    const reason = messageOf(error);
    progress(`The custom ops cannot be used, so training is slower: ${reason}`);
    return null;
  }
}

/** @throws Error that ends with the output of the compiler or the loader */
async function compile(
  units: readonly string[],
  output: string,
  { tensorflow, addonFile }: KernelsSource,
): Promise<void> {
  const { libraryFile, frameworkFile, includeFolder } = tensorflow;
  const [program, ...options] = compilerOf(process.env);
  const built = await runProgram(program, [
    ...options,
    ...COMPILER_OPTIONS,
    ...["-isystem", includeFolder, "-o", output, ...units],
    ...[libraryFile, frameworkFile].flatMap((file) => [
      `-L${path.dirname(file)}`,
      `-l:${path.basename(file)}`,
    ]),
  ]);
  if (built.missing) throw new Error(`the C++ compiler ${program} is missing (Debian: apt-get install g++)`);
  if (built.exitCode !== 0) throw new Error(`${program} said:\n${lastLines(built.output)}`);
  // In a separate process: instructions that the processor does not support would end the process that loads them.
  const script = "for (const file of process.argv.slice(1)) process.dlopen({ exports: {} }, file)";
  const loaded = await runProgram(process.execPath, ["-e", script, addonFile, output], {
    environment: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
  });
  if (loaded.exitCode !== 0 || loaded.output.includes("cannot be registered")) {
    throw new Error(`they cannot be loaded:\n${lastLines(loaded.output)}`);
  }
}

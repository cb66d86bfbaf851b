import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HeadKind } from "../../src/core/enumerations.js";
import type { NetworkSpec } from "../../src/graph/architectures/network-spec.js";
import { projectRoot } from "../../src/lang/project-root.js";

/** What wrote the files, and what must be installed to write them again. */
export const FRAMEWORKS = {
  keras: ["keras", "tensorflow", "h5py"],
  torch: ["torch", "safetensors"],
} as const;
export type Framework = keyof typeof FRAMEWORKS;

/** Of one file of weights, as make_weight_files.py describes it. */
export interface DescribedFile {
  readonly batchNormalization: boolean;
  readonly head: HeadKind;
  /** For the formula's pictures "weights", scaled to [0, 1]. */
  readonly logits: readonly (readonly number[])[];
}

export const WEIGHTS_PICTURES = 3;
/** The convolutions of `vgg11.2016.h5`. */
export const NOTOP_FILE = "vgg11-notop.2016.h5";
/** Files that name other files, would grow without bounds or never end. */
export const HOSTILE_FILES = ["external-data.h5", "external-link.h5", "packed.h5", "endless.h5"];

/** The network that the files are of. */
export function networkOfFile(file: Pick<DescribedFile, "batchNormalization" | "head">): NetworkSpec {
  return {
    architecture: "VGG11",
    batchNormalization: file.batchNormalization,
    widthMultiplier: 1 / 64,
    imageSizePixels: 64,
    head: { kind: file.head, units: 8, dropout: 0.5 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    classCount: 5,
    seed: 1,
  };
}

/** Unpacks the files that are kept here into a folder. */
export async function unpackWeightFiles(folder: string): Promise<void> {
  const kept = path.join(goldenFolder(), "weights");
  for (const name of await readdir(kept)) {
    const bytes = await readFile(path.join(kept, name));
    const packed = name.endsWith(".gz");
    const unpacked = packed ? await promisify(gunzip)(bytes) : bytes;
    await writeFile(path.join(folder, packed ? name.slice(0, -".gz".length) : name), unpacked);
  }
}

/** Lets the framework itself write the files, with other weights. */
export async function makeWeightFiles(folder: string, framework: Framework, seed: string): Promise<void> {
  const script = path.join(goldenFolder(), "make_weight_files.py");
  // This process's own settings of the library must not reach the other one.
  const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1" };
  await promisify(execFile)(testPython(), [script, folder, framework, seed], { env });
}

/** Why fresh files of a framework cannot be made; false when they can. */
export async function whyNotMade(framework: Framework): Promise<string | false> {
  if (testPython() === "") return "ESPALIER_TEST_PYTHON names no Python (see test/golden/README.md)";
  const modules = FRAMEWORKS[framework];
  const check =
    "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in sys.argv[1:]))";
  return promisify(execFile)(testPython(), ["-c", check, ...modules]).then(
    () => false as const,
    () => `the Python of ESPALIER_TEST_PYTHON lacks one of ${modules.join(", ")}`,
  );
}

export async function describedFiles(
  folder: string,
  framework: Framework,
): Promise<Readonly<Record<string, DescribedFile>>> {
  const text = await readFile(path.join(folder, `${framework}.json`), "utf8");
  return (JSON.parse(text) as { files: Readonly<Record<string, DescribedFile>> }).files;
}

function testPython(): string {
  return process.env.ESPALIER_TEST_PYTHON ?? "";
}

function goldenFolder(): string {
  return path.join(projectRoot(import.meta.dirname), "test/golden");
}

import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HeadKind } from "../../src/core/enumerations.js";
import type { NetworkSpec } from "../../src/graph/architectures/network-spec.js";
import { projectRoot } from "../../src/lang/project-root.js";
import { runGoldenScript, whyNoPython } from "../testkit/test-python.js";

/** The programs that wrote the files, and the packages that are needed to write them again. */
export const FRAMEWORKS = {
  keras: ["keras", "tensorflow", "h5py"],
  torch: ["torch", "safetensors"],
  torchvision: ["torch", "torchvision", "safetensors"],
} as const;
export type Framework = keyof typeof FRAMEWORKS;

/** One file of weights, as make_weight_files.py describes it. */
export interface DescribedFile {
  readonly architecture: "VGG11" | "RESNET18" | "RESNET34" | "RESNET50";
  readonly batchNormalization: boolean;
  readonly head: HeadKind;
  /** Of its batch normalizations, where the file does not state it and it is not the default. */
  readonly epsilon?: number;
  /** For the formula's images "weights", scaled to [0, 1]. */
  readonly logits: readonly (readonly number[])[];
}

export const WEIGHTS_IMAGES = 3;
/** The convolutions of `vgg11.2016.h5`. */
export const NOTOP_FILE = "vgg11-notop.2016.h5";
/** Files that name other files, would grow without bounds or never end. */
export const HOSTILE_FILES = ["external-data.h5", "external-link.h5", "packed.h5", "endless.h5"];

/** The network whose weights a file holds. */
export function networkOfFile({
  architecture,
  batchNormalization,
  head,
}: Omit<DescribedFile, "logits">): NetworkSpec {
  return {
    architecture,
    batchNormalization,
    widthMultiplier: architecture === "VGG11" ? 1 / 64 : 1 / 32,
    imageSizePixels: 64,
    head: { kind: head, units: 8, dropout: 0.5 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    classCount: 5,
    seed: 1,
  };
}

/** The network whose weights a kept file holds, by the file's name. */
export function networkOfKeptFile(name: string): NetworkSpec {
  const [resnet] = /^resnet(18|34|50)/.exec(name) ?? [];
  if (resnet === undefined) {
    const head = name.includes("pooled") ? "GLOBAL_AVERAGE_POOLING" : "FULLY_CONNECTED";
    return networkOfFile({ architecture: "VGG11", batchNormalization: name.includes("-bn"), head });
  }
  const architecture = resnet.toUpperCase() as DescribedFile["architecture"];
  return networkOfFile({ architecture, batchNormalization: true, head: "GLOBAL_AVERAGE_POOLING" });
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
  await runGoldenScript("make_weight_files.py", folder, framework, seed);
}

/** The reason why the framework cannot write new files; false when it can. */
export function whyNotMade(framework: Framework): Promise<string | false> {
  return whyNoPython(...FRAMEWORKS[framework]);
}

export async function describedFiles(
  folder: string,
  framework: Framework,
): Promise<Readonly<Record<string, DescribedFile>>> {
  const text = await readFile(path.join(folder, `${framework}.json`), "utf8");
  return (JSON.parse(text) as { files: Readonly<Record<string, DescribedFile>> }).files;
}

function goldenFolder(): string {
  return path.join(projectRoot(import.meta.dirname), "test/golden");
}

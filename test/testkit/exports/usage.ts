import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ImageDecoder } from "../../../src/data/images/decoder.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { UsageExample } from "../../../src/exports/formats/format.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { floats } from "../../golden/fed-values.js";
import { imageFile } from "../files/images.js";
import { runPython } from "../test-python.js";
import { classNamesOf } from "./random-model.js";

/** A label and its probability, as usage examples print them. */
export interface Classified {
  readonly label: string;
  readonly probability: number;
}

/** Writes an image that is not square. @returns its file */
export async function writeUsageImage(folder: string): Promise<string> {
  const file = path.join(folder, "image.png");
  await writeFile(file, await imageFile(3, { width: 150, height: 110 }));
  return file;
}

/** Runs an example in a folder in which Node finds the packages that it imports. */
export async function runUsage(
  { language, code }: UsageExample,
  folder: string,
  exportedFile: string,
  image: string,
): Promise<Classified> {
  const program = path.join(folder, language === "PYTHON" ? "classify.py" : "classify.mjs");
  await writeFile(program, code);
  const output =
    language === "PYTHON"
      ? await runPython(program, exportedFile, image)
      : (await promisify(execFile)(process.execPath, [program, exportedFile, image], { cwd: folder })).stdout;
  const [, label, probability] = /^(.*) (\d\.\d{4})\n$/.exec(output) ?? assert.fail(output);
  return { label: label!, probability: Number(probability) };
}

/** The class of an image file, by our own engine and decoder. */
export async function classifiedByUs(
  host: EngineHost,
  network: NetworkSpec,
  checkpoint: string,
  image: Uint8Array,
): Promise<Classified> {
  const { imageSizePixels: size } = network;
  const decoder = new ImageDecoder({ imageBytes: 2 ** 24, imagePixels: 2 ** 24 });
  // A copy, because the engine takes over what it is fed.
  const data = Uint8Array.from(await decoder.decodeRgb(image, size));
  await using session = await host.openGraph(buildServingGraph(network));
  await restoreCheckpoint(session, checkpoint);
  const images = { dtype: "uint8", shape: [1, size, size, 3], data } as const;
  const outputs = await session.run("serving_default", { images });
  const probabilities = floats(outputs.probabilities);
  const best = probabilities.indexOf(Math.max(...probabilities));
  return { label: classNamesOf(network)[best]!, probability: probabilities[best]! };
}

/** Programs resize images with nearly the same filter, which moves a probability a little. */
export function assertSameClass(found: Classified, expected: Classified): void {
  assert.equal(found.label, expected.label);
  assert.ok(
    Math.abs(found.probability - expected.probability) < 0.005,
    `${found.probability}, ${expected.probability}`,
  );
}

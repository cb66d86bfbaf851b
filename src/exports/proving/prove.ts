import type { Split } from "../../core/enumerations.js";
import type { OfficialRuntime, RuntimeOutputs } from "../../engine/runtimes/official-runtime.js";
import { median } from "../../lang/median.js";
import type { ImageBatch } from "../network/calibration.js";
import type { MeasuredProof } from "../proof.js";
import type { StoredImage } from "./decoded-images.js";
import { mostProbable } from "./most-probable.js";

/** The number of images whose time is measured, one by one, after the same number of others in each runtime. */
const TIMED_IMAGES = 20;
const WARMUP_IMAGES = 3;

export type LabeledBatch = ImageBatch & { readonly images: readonly StoredImage[] };

export interface ProofOptions {
  readonly split: Split;
  readonly batches: AsyncIterable<LabeledBatch>;
  readonly onProgress: (imagesDone: number) => void;
}

/**
 * Classifies the same images with the original and with the exported file, and compares the results. The times of single
 * images are measured in turn, so that both see the same load of the machine.
 */
export async function prove(
  original: OfficialRuntime,
  exported: OfficialRuntime,
  { split, batches, onProgress }: ProofOptions,
): Promise<MeasuredProof> {
  const comparison = new OutputComparison();
  let timed: readonly [number, number] | null = null;
  for await (const batch of batches) {
    timed ??= await timeInTurn([original, exported], batch);
    // A run may take the memory of its input.
    const expected = await original.run(batch.pixels.slice(), batch.count);
    const found = await exported.run(batch.pixels, batch.count);
    comparison.add(expected, found, batch.images);
    onProgress(comparison.imageCount);
  }
  const [originalMilliseconds, milliseconds] = timed ?? [Number.NaN, Number.NaN];
  return {
    status: "PROVEN",
    runtime: exported.name,
    runtimeVersion: exported.version,
    split,
    ...comparison.figures,
    millisecondsPerImage: milliseconds,
    originalMillisecondsPerImage: originalMilliseconds,
  };
}

/** Sums up the differences of two runtimes over batches of images. */
export class OutputComparison {
  imageCount = 0;
  #agreeing = 0;
  #correct = 0;
  #originalCorrect = 0;
  #probabilityDifference = 0;
  #logitDifference: number | null = null;

  add(expected: RuntimeOutputs, found: RuntimeOutputs, images: readonly StoredImage[]): void {
    const { length } = expected.probabilities;
    if (found.probabilities.length !== length) {
      throw new Error(`Expected ${length} probabilities. Received ${found.probabilities.length}.`);
    }
    const classCount = length / images.length;
    for (const [row, { classIndex }] of images.entries()) {
      const best = mostProbable(expected.probabilities, row, classCount);
      const bestFound = mostProbable(found.probabilities, row, classCount);
      if (best === bestFound) this.#agreeing += 1;
      if (best === classIndex) this.#originalCorrect += 1;
      if (bestFound === classIndex) this.#correct += 1;
    }
    this.#probabilityDifference = Math.max(
      this.#probabilityDifference,
      greatestDifference(expected.probabilities, found.probabilities, 1),
    );
    if (expected.logits !== null && found.logits !== null) {
      const difference = greatestDifference(expected.logits, found.logits, Number.MAX_VALUE);
      this.#logitDifference = Math.max(this.#logitDifference ?? 0, difference);
    }
    this.imageCount += images.length;
  }

  get figures() {
    const { imageCount } = this;
    return {
      imageCount,
      maximumProbabilityDifference: this.#probabilityDifference,
      maximumLogitDifference: this.#logitDifference,
      top1Agreement: this.#agreeing / imageCount,
      accuracy: this.#correct / imageCount,
      originalAccuracy: this.#originalCorrect / imageCount,
    };
  }
}

/** @param otherwise the difference from a value that is not a number */
function greatestDifference(expected: Float32Array, found: Float32Array, otherwise: number): number {
  let greatest = 0;
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs((expected[index] ?? Number.NaN) - (found[index] ?? Number.NaN));
    greatest = Math.max(greatest, Number.isFinite(difference) ? difference : otherwise);
  }
  return greatest;
}

/** The median time of one image in each runtime, in milliseconds. */
async function timeInTurn(
  [original, exported]: readonly [OfficialRuntime, OfficialRuntime],
  { pixels, count }: ImageBatch,
): Promise<readonly [number, number]> {
  const imageBytes = pixels.length / count;
  const image = (index: number): Uint8Array => {
    const from = (index % count) * imageBytes;
    return pixels.slice(from, from + imageBytes);
  };
  const timeOf = async (runtime: OfficialRuntime, index: number): Promise<number> => {
    const pixelsOfImage = image(index);
    const startedMs = performance.now();
    await runtime.run(pixelsOfImage, 1);
    return performance.now() - startedMs;
  };
  const originalMs: number[] = [];
  const exportedMs: number[] = [];
  for (let index = -WARMUP_IMAGES; index < TIMED_IMAGES; index++) {
    const first = await timeOf(original, index + WARMUP_IMAGES);
    const second = await timeOf(exported, index + WARMUP_IMAGES);
    if (index < 0) continue;
    originalMs.push(first);
    exportedMs.push(second);
  }
  return [median(originalMs), median(exportedMs)];
}

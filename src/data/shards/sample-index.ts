import type { SampleRecord } from "../../core/dataset-records.js";
import { Split } from "../../core/enumerations.js";

const SPLITS = Object.values(Split);

/** The label and split of each sample of a version, in five bytes per sample. */
export class SampleIndex {
  readonly #splits: Uint8Array;

  private constructor(
    /** Class index by position. */
    readonly labels: Int32Array,
    splits: Uint8Array,
  ) {
    this.#splits = splits;
  }

  /** @param samples of a version, by position */
  static of(samples: readonly Pick<SampleRecord, "classIndex" | "split">[]): SampleIndex {
    return new SampleIndex(
      Int32Array.from(samples, ({ classIndex }) => classIndex),
      Uint8Array.from(samples, ({ split }) => SPLITS.indexOf(split)),
    );
  }

  get sampleCount(): number {
    return this.labels.length;
  }

  /** In ascending order. */
  positionsOf(split: Split): Int32Array {
    const code = SPLITS.indexOf(split);
    const positions = new Int32Array(
      this.#splits.reduce((count, each) => count + (each === code ? 1 : 0), 0),
    );
    let found = 0;
    for (const [position, each] of this.#splits.entries()) {
      if (each === code) positions[found++] = position;
    }
    return positions;
  }
}

import type { Split } from "../../../src/core/enumerations.js";
import type { ShardReader, TensorShards } from "../../../src/data/tensor-shards.js";
import type { Database } from "../../../src/db/database.js";
import { insertVersion } from "../../postgres/training/training-stores.js";

const SIZE = 32;
const COUNT = 60;

const splitOf = (position: number): Split => (position % 6 === 0 ? "VALIDATION" : "TRAIN");

export async function importDrawnPictures(database: Database, _homeFolder: string): Promise<void> {
  await insertVersion(database, {
    dataset: "drawn",
    splits: Array.from({ length: COUNT }, (_v, position) => splitOf(position)),
  });
}

export function openShards(_database: Database, _homeFolder: string): TensorShards {
  const labels = Int32Array.from({ length: COUNT }, (_v, position) => position % 2);
  const splits = Array.from(labels, (_v, position) => splitOf(position));
  let state = 1;
  const pictures = Array.from(labels, (label) =>
    Uint8Array.from({ length: SIZE * SIZE * 3 }, (_v, index) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (index % 3 === label * 2 ? 120 : 40) + (state >>> 25);
    }),
  );
  const reader: ShardReader = {
    sampleCount: COUNT,
    imageBytes: SIZE * SIZE * 3,
    labels,
    splits,
    async readImages(positions: Int32Array, into: Uint8Array) {
      for (const [index, position] of positions.entries())
        into.set(pictures[position]!, index * SIZE * SIZE * 3);
    },
    positionsOf: (split: Split) =>
      Int32Array.from(splits.flatMap((s, position) => (s === split ? [position] : []))),
    async [Symbol.asyncDispose]() {},
  };
  return { open: async () => reader } as unknown as TensorShards;
}

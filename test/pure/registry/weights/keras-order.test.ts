import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HeadKind } from "../../../../src/core/enumerations.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { projectRoot } from "../../../../src/lang/project-root.js";
import { fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

/** The first number of a kernel or beta there is its position in the network. */
const KEPT = path.join(projectRoot(import.meta.dirname), "test/golden/nested-keras");
const IN_ORDER = [1, 2, 3, 4, 5, 6, 7, 8];

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  temporary = await temporaryFolder();
  for (const name of await readdir(KEPT)) {
    const bytes = await promisify(gunzip)(await readFile(path.join(KEPT, name)));
    await writeFile(path.join(temporary.folder, name.slice(0, -".gz".length)), bytes);
  }
});
after(() => temporary[Symbol.asyncDispose]());

interface Taken {
  readonly looksLike: string | null;
  /** The marks of the convolutions' kernels, in the network's order. */
  readonly convolutions: readonly number[];
  readonly normalizations: readonly number[];
  /** Of the kernels of the head. */
  readonly head: readonly number[];
  /** Why parts of the head start at random. */
  readonly reasons: readonly string[];
}

async function take(
  file: string,
  batchNormalization = false,
  kind: HeadKind = "GLOBAL_AVERAGE_POOLING",
): Promise<Taken> {
  const network: NetworkSpec = {
    architecture: "VGG11",
    batchNormalization,
    widthMultiplier: 1 / 64,
    imageSizePixels: 32,
    head: { kind, units: 8, dropout: 0.5 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    classCount: 3,
    seed: 1,
  };
  await using weights = await openWeightsFile(path.join(temporary.folder, file));
  const offer = offerWeights(weights.content, network);
  const { copied, random } = fitWeights(network, offer);
  const marks = async (pattern: RegExp): Promise<number[]> => {
    const names = copied.filter((name) => pattern.test(name));
    return Promise.all(names.map(async (name) => (await offer.variables.get(name)!.read())[0]!));
  };
  return {
    looksLike: offer.looksLike,
    convolutions: await marks(/conv\d\/kernel/),
    normalizations: await marks(/\/beta/),
    head: await marks(/^(fc|predictions).*\/kernel/),
    reasons: [...new Set(random.map(({ reason }) => reason))],
  };
}

const PLAIN = {
  looksLike: "VGG11 without batch normalization, width 0.015625",
  convolutions: IN_ORDER,
  normalizations: [],
};

describe("models inside a model are read in the model's order", () => {
  // The .h5 has the weights of a frozen layer last; deep and sequentials have models of one class.
  for (const file of [
    "mixed.keras",
    "mixed-2.12.keras",
    "mixed-2.15.keras",
    "mixed.model.h5",
    "deep.keras",
    "sequentials.weights.h5",
  ]) {
    test(file, async () => {
      assert.deepEqual(await take(file), { ...PLAIN, head: [1], reasons: [] });
    });
  }
});

describe("an order that a file without a configuration does not tell is refused", () => {
  for (const file of ["mixed.weights.h5", "deep.weights.h5"]) {
    test(file, async () => {
      await assert.rejects(take(file), {
        code: "WEIGHTS_MISMATCH",
        message:
          /^The file does not tell the order of its convolutions,.* Save the whole model as \.keras\.$/,
      });
    });
  }
});

describe("a normalization of the head is none of the network", () => {
  const normalizes = /^the layer "\w+" of its head computes (batch normalization|LayerNormalization)/;
  const unknown = /^its head has a normalization$/;
  const heads: Readonly<Record<string, RegExp>> = {
    "normalized-head.keras": normalizes,
    "normalized-head.model.h5": normalizes,
    "normalized-head.weights.h5": unknown,
    "layer-normalized-head.keras": normalizes,
    "layer-normalized-head.weights.h5": unknown,
    "bn-normalized-head.keras": normalizes,
    "bn-normalized-head.model.h5": normalizes,
    "bn-normalized-head.weights.h5": unknown,
  };
  for (const [file, reason] of Object.entries(heads)) {
    test(file, async () => {
      const isNormalized = file.startsWith("bn-");
      const { reasons, ...taken } = await take(file, isNormalized);
      const expected = isNormalized
        ? { ...PLAIN, looksLike: "VGG11 with batch normalization, width 0.015625", normalizations: IN_ORDER }
        : PLAIN;
      assert.deepEqual(taken, { ...expected, head: [] });
      assert.equal(reasons.length, 1);
      assert.match(reasons[0]!, reason);
    });
  }
});

test("the layers of a head that are a model are read in order, or start at random where the file does not tell it", async () => {
  assert.deepEqual(await take("nested-head.keras", false, "FULLY_CONNECTED"), {
    ...PLAIN,
    head: [1, 2, 3],
    reasons: [],
  });
  assert.deepEqual(await take("nested-head.weights.h5", false, "FULLY_CONNECTED"), {
    ...PLAIN,
    head: [],
    reasons: ["the file does not tell the order of its dense layers"],
  });
});

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import { HOSTILE_FILES, networkOfKeptFile, unpackWeightFiles } from "../../../golden/weight-files.js";
import {
  renamed,
  type Saved,
  SavedObject,
  stateDictOf,
  torchFile,
} from "../../../testkit/files/torch-files.js";
import { seededRandom } from "../../../testkit/random.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

/** More for a thorough search: ESPALIER_FUZZ_ROUNDS=5000. */
const ROUNDS = Number(process.env.ESPALIER_FUZZ_ROUNDS ?? 15);
/** Maximum growth of the whole process; the files have some tens of kilobytes. */
const MAX_GROWTH_BYTES = 256 * 1024 * 1024;

/** A file with everything that the reader passes over. */
const CHECKPOINT: Saved = {
  args: new SavedObject("argparse.Namespace", { lr: 0.1 }),
  optimizer: { state: {}, param_groups: [{ lr: 0.1 }] },
  checkpoint: {
    state_dict: renamed(stateDictOf(networkOfKeptFile("vgg11-bn-pooled")), (name) => `net.backbone.${name}`),
  },
};

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let names: readonly string[];
before(async () => {
  temporary = await temporaryFolder();
  await unpackWeightFiles(temporary.folder);
  await writeFile(path.join(temporary.folder, "vgg11-bn-pooled.containers.pth"), torchFile(CHECKPOINT));
  names = (await readdir(temporary.folder)).filter((name) => !name.endsWith(".json"));
});
after(() => temporary[Symbol.asyncDispose]());

/** Reads everything that fits. @returns "read", or the code of the refusal */
async function outcomeOf(file: string, name = ""): Promise<string> {
  const network = networkOfKeptFile(name);
  try {
    await using weights = await openWeightsFile(file);
    const offer = offerWeights(weights.content, network);
    for (const name of fitWeights(network, offer).copied) await offer.variables.get(name)?.read();
    return "read";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function outcomeOfBytes(bytes: Uint8Array, name: string): Promise<string> {
  const file = path.join(temporary.folder, "damaged");
  await writeFile(file, bytes);
  return outcomeOf(file, name);
}

/** Damages every file in several ways and expects a refusal, or that the damage did not matter. */
async function damageAll(damage: (bytes: Buffer, random: () => number) => Uint8Array): Promise<void> {
  const grownFrom = process.resourceUsage().maxRSS;
  for (const [index, name] of names.entries()) {
    const original = await readFile(path.join(temporary.folder, name));
    const random = seededRandom(index + 1);
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = damage(Buffer.from(original), random);
      const outcome = await outcomeOfBytes(damaged, name).catch((error: unknown) => {
        throw new Error(`${name}, round ${round}`, { cause: error });
      });
      assert.match(outcome, /^(read|WEIGHTS_INVALID|WEIGHTS_MISMATCH)$/, name);
    }
  }
  const grownBytes = (process.resourceUsage().maxRSS - grownFrom) * 1024;
  assert.ok(grownBytes < MAX_GROWTH_BYTES, `grew by ${grownBytes} bytes`);
}

/** Where the structures are: most of them at the beginning, in zips also at the end. */
function placeIn(bytes: Buffer, random: () => number): number {
  const all = Math.floor(random() * bytes.length);
  const [near, far] = [Math.floor(all / 16), bytes.length - 1 - Math.floor(all / 16)];
  return [all, near, far][Math.floor(random() * 3)] ?? all;
}

describe("a damaged weights file is refused and harmless", { timeout: 300_000 }, () => {
  test("when it is cut off", () =>
    damageAll((bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length))));

  test("when bytes have flipped", () =>
    damageAll((bytes, random) => {
      for (let count = 1 + random() * 3; count > 0; count--) {
        bytes[placeIn(bytes, random)] = Math.floor(random() * 256);
      }
      return bytes;
    }));

  test("when lengths and addresses are too large", () =>
    damageAll((bytes, random) => {
      const length = [4, 8][Math.floor(random() * 2)] ?? 4;
      const place = placeIn(bytes, random) & ~3;
      const top = [0xff, 0x7f, 0x00][Math.floor(random() * 3)] ?? 0xff;
      const field = bytes.subarray(place, place + length);
      field.fill(0xff).fill(top, Math.max(0, field.length - 1));
      return bytes;
    }));

  test("when blocks are exchanged", () =>
    damageAll((bytes, random) => {
      const [from, to] = [placeIn(bytes, random) & ~7, placeIn(bytes, random) & ~7];
      const moved = Buffer.from(bytes.subarray(from, from + 64));
      moved.copy(bytes, to);
      return bytes;
    }));
});

test("a file of another format is refused, and the error shows its first bytes", async () => {
  const file = path.join(temporary.folder, "something-else");
  await writeFile(file, "GIF89a and more of it, to be long enough for any header");
  await assert.rejects(openWeightsFile(file), {
    code: "WEIGHTS_INVALID",
    message: /begins with 474946383961/,
  });
  await writeFile(file, "");
  await assert.rejects(openWeightsFile(file), { code: "WEIGHTS_INVALID", message: /an empty file/ });
});

for (const name of HOSTILE_FILES) {
  test(`a malicious HDF5 file is refused: ${name}`, async () => {
    assert.equal(await outcomeOf(path.join(temporary.folder, name)), "WEIGHTS_INVALID");
  });
}

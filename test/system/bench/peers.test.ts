import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { provideImages } from "../../../bench/images/provide-images.js";
import { PeerRunner } from "../../../bench/peers/peer-runner.js";
import { RECIPE_PEERS, TRAINING_PEERS, type TrainingWork } from "../../../bench/peers/peer-scripts.js";
import { whyNoPython } from "../../testkit/test-python.js";

const BENCH = fileURLToPath(import.meta.resolve("../../../bench/main.js"));
/** The packages of each peer that runs on Python. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  TensorFlow: ["tensorflow"],
  Keras: ["keras", "tensorflow", "PIL"],
  Torch: ["torch", "torchvision", "PIL"],
};
const SMALL: TrainingWork = { architecture: "VGG19", imageSizePixels: 32, batchSize: 2, steps: 1 };

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-peers-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const context = { report: () => {}, signal: new AbortController().signal };
const runner = () =>
  new PeerRunner({ python: process.env.ESPALIER_TEST_PYTHON ?? null, precision: "float32", context });

for (const peer of TRAINING_PEERS) {
  test(`${peer.file} trains and prints its result`, async (t) => {
    const missing = peer.runs === "python" && (await whyNoPython(...(PACKAGES[peer.name] ?? [])));
    if (missing !== false) return t.skip(missing);
    const peerRunner = runner();
    const figures = await peerRunner.run(peer, SMALL);
    assert.deepEqual([...peerRunner.skipped], []);
    assert.equal(figures?.precision, "float32");
    assert.ok(Math.abs(figures.imagesPerSecond * figures.secondsPerStep - SMALL.batchSize) < 1e-6);
    assert.ok(figures.peakMemoryBytes > 100e6);
  });
}

for (const peer of RECIPE_PEERS) {
  test(`${peer.file} trains epochs and prints its result`, async (t) => {
    const missing = await whyNoPython(...(PACKAGES[peer.name] ?? []));
    if (missing !== false) return t.skip(missing);
    const images = path.join(folder, peer.name);
    await provideImages({ dataFile: null, atLeast: 100, folder: images }, context);
    const peerRunner = runner();
    const figures = await peerRunner.run(peer, { folder: images, epochs: 2, imageSizePixels: 32 });
    assert.deepEqual([...peerRunner.skipped], []);
    assert.ok(figures !== null && figures.secondsPerEpoch > 0);
    assert.ok(figures.bestValidationTop1 >= 0 && figures.bestValidationTop1 <= 1);
  });
}

test("the product is compared with the peers that can run, and the others are named", async () => {
  const words = ["peers", "--only", "train", "--image-size", "32", "--batch", "2", "--steps", "1"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [BENCH, ...words, "--rounds", "1", "--precision", "FLOAT32", "--json"],
    { env: { ...process.env, TMPDIR: folder } },
  );
  const { figures, settings } = JSON.parse(stdout.trimEnd());
  const { trainVsTfjs, productImagesPerSecond, tfjsImagesPerSecond } = figures;
  assert.ok(Math.abs(trainVsTfjs / (productImagesPerSecond / tfjsImagesPerSecond) - 1) < 0.001);
  const { architecture, precision, batchSize, imageSizePixels, tfjsPrecision, skippedPeers } = settings;
  assert.deepEqual(
    { architecture, precision, batchSize, imageSizePixels, tfjsPrecision },
    {
      architecture: "VGG19",
      precision: "FLOAT32",
      batchSize: 2,
      imageSizePixels: 32,
      tfjsPrecision: "float32",
    },
  );
  for (const name of ["TensorFlow", "Keras", "Torch"]) {
    assert.match(skippedPeers, new RegExp(`${name} \\(--python was not given\\)`));
  }
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith("espalier-bench")),
    [],
  );
});

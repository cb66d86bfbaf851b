import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const BENCH = fileURLToPath(import.meta.resolve("../../../bench/main.js"));
const SMALL_NETWORK = [
  "--architecture",
  "VGG11",
  "--width",
  "0.0625",
  "--image-size",
  "32",
  "--classes",
  "7",
];

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-bench-"));
  await writeFile(path.join(folder, "flowers.tar"), await drawFlowerArchive(60));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The environment in which npm runs a benchmark for a user in `folder`, where it also keeps its temporary files. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, INIT_CWD: folder, TMPDIR: folder };
}

interface BenchLine {
  readonly bench: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryBytes: number };
  readonly settings: Readonly<Record<string, number | string>>;
}

async function runBench(...args: readonly string[]): Promise<BenchLine> {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, ...args, "--json"], {
    env: environment(),
  });
  return JSON.parse(stdout.trimEnd()) as BenchLine;
}

test("training steps are measured on the images of an archive, and no files are left", async () => {
  const { bench, figures, machine, settings } = await runBench(
    ...["train", "--data", "flowers.tar", ...SMALL_NETWORK, "--steps", "12", "--precision", "FLOAT32"],
  );
  assert.equal(bench, "train");
  const { imagesPerSecond = 0, secondsPerStep = 0, cpuSecondsPerStep = 0, peakMemoryBytes = 0 } = figures;
  assert.ok(Math.abs(imagesPerSecond * secondsPerStep - 8) < 0.1, "a step has eight images");
  assert.ok(cpuSecondsPerStep > 0);
  assert.ok(peakMemoryBytes > 100e6 && peakMemoryBytes < machine.memoryBytes);
  assert.ok(machine.cores >= 1);
  const { threads, precision, batchSize, classes, images, measuredSteps } = settings;
  assert.deepEqual(
    { precision, batchSize, classes, images },
    {
      precision: "FLOAT32",
      batchSize: 8,
      classes: 7,
      images: "given",
    },
  );
  assert.ok(Number(threads) >= 1 && Number(measuredSteps) >= 12);
  assert.deepEqual(await readdir(folder), ["flowers.tar"]);
});

test("the share of reading and augmentation is measured against steps without them", async () => {
  const { figures } = await runBench(
    ...["input", "--only", "step", "--data", "flowers.tar", ...SMALL_NETWORK],
    ...["--precision", "FLOAT32", "--steps", "3", "--rounds", "1"],
  );
  const { inputAndAugmentationShare = 0, secondsPerStep = 0, secondsPerStepOnOneBatch = 0 } = figures;
  assert.ok(secondsPerStep > 0 && secondsPerStepOnOneBatch > 0);
  assert.ok(Math.abs(secondsPerStep / secondsPerStepOnOneBatch - 1 - inputAndAugmentationShare) < 0.01);
});

test("a recipe is measured on its validation and test split, with the confidence interval of the latter", async () => {
  const recipe = {
    split: { validation: 0.2, test: 0.2, seed: 0 },
    configuration: {
      architecture: "VGG11",
      widthMultiplier: 0.0625,
      imageSizePixels: 32,
      head: { kind: "GLOBAL_AVERAGE_POOLING" },
      precision: "FLOAT32",
      batchSize: 16,
      epochs: 50,
    },
  };
  await writeFile(path.join(folder, "recipe.json"), JSON.stringify(recipe));
  const { figures, settings } = await runBench(
    ...["recipe", "--data", "flowers.tar", "--recipe", "recipe.json", "--epochs", "2"],
  );
  const { valTop1 = -1, testTop1 = -1, testTop1Low = 2, testTop1High = -1, seconds = 0 } = figures;
  assert.ok(valTop1 >= 0 && valTop1 <= 1);
  assert.ok(testTop1Low <= testTop1 && testTop1 <= testTop1High);
  assert.ok(seconds > (figures.secondsPerEpoch ?? 0) && figures.epochs === 2);
  assert.deepEqual([settings.images, settings.validationImages, settings.testImages], [300, 60, 60]);
});

test("an interrupted benchmark stops its server and removes its files", async () => {
  const args = ["train", "--data", "flowers.tar", ...SMALL_NETWORK, "--steps", "100000"];
  const bench = spawn(process.execPath, [BENCH, ...args], { env: environment() });
  bench.stdout.resume();
  for await (const line of createInterface({ input: bench.stderr })) {
    if (!line.startsWith("training")) continue;
    bench.kill("SIGINT");
    break;
  }
  bench.stderr.resume();
  assert.deepEqual(await once(bench, "close"), [130, null]);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith("espalier-bench")),
    [],
  );
});

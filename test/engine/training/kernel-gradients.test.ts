import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { readRunEnvironment } from "../../../src/core/runs/environment.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import { SYSTEM_CLOCK } from "../../../src/lang/clock.js";
import { environmentOf } from "../../../src/training/attempt/environment.js";
import { KernelGradientChooser } from "../../../src/training/attempt/kernel-gradient-chooser.js";
import { PrecisionChooser } from "../../../src/training/attempt/precision-chooser.js";
import { resolveConfiguration } from "../../../src/training/configuration/resolution.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/** Two of its convolutions take long enough to be measured. */
const CONFIGURATION = resolveConfiguration({
  architecture: "VGG11",
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  precision: "FLOAT32",
});
const CLASSES = 3;
const NETWORK = networkOfRun(CONFIGURATION, CLASSES, "FLOAT32");
const MEASURED = ["3x3, 16x16x256 -> 256", "3x3, 8x8x512 -> 512"];

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

const SKIP = process.arch === "x64" ? false : "TensorFlow uses oneDNN on x86-64 alone";

/** The engine, with something done before it opens a graph. */
const beforeGraph = (act: () => void): EngineHost =>
  new Proxy(engine, {
    get: (target, name) => {
      if (name === "openGraph") act();
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** An engine of which no graph may be opened. */
const refusing = (): EngineHost => beforeGraph(() => assert.fail("measured again"));

const chooserIn = (folder: string) =>
  new KernelGradientChooser({ folder, clock: SYSTEM_CLOCK, log: testLog });

/** What is learned is measured, and nothing ends it. */
const ALL = { frozenStages: 0, signal: new AbortController().signal };

async function storedNames(folder: string): Promise<readonly string[]> {
  const { machines } = JSON.parse(await readFile(path.join(folder, "kernel-gradients-2.json"), "utf8"));
  return Object.values<object>(machines).flatMap((times) => Object.keys(times));
}

/**
 * Changes the stored times, as if Eigen took so many times as long as oneDNN.
 *
 * @returns the measured convolutions
 */
async function storeTimes(folder: string, ratios: readonly number[]): Promise<readonly string[]> {
  const file = path.join(folder, "kernel-gradients-2.json");
  const stored = JSON.parse(await readFile(file, "utf8"));
  const [machine = ""] = Object.keys(stored.machines);
  const names = Object.keys(stored.machines[machine]);
  const times = names.map((name, index) => {
    return [name, { oneDnnMilliseconds: 100, eigenMilliseconds: 100 * ratios[index]! }];
  });
  await writeFile(file, JSON.stringify({ ...stored, machines: { [machine]: Object.fromEntries(times) } }));
  return names;
}

test("the convolutions of a network are measured once, and Eigen is chosen where it is clearly faster", {
  skip: SKIP,
}, async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const first = chooserIn(folder);
  const [one, other] = await Promise.all([
    first.choose(engine, NETWORK, ALL),
    first.choose(engine, NETWORK, ALL),
  ]);
  assert.deepEqual(other, one);

  assert.deepEqual(await storeTimes(folder, [0.5, 0.95]), MEASURED);
  assert.deepEqual(await chooserIn(folder).choose(refusing(), NETWORK, ALL), MEASURED.slice(0, 1));
  const frozen = { ...ALL, frozenStages: 5 };
  assert.deepEqual(
    await chooserIn(folder).choose(refusing(), NETWORK, frozen),
    null,
    "frozen stages have no gradients",
  );
});

test("measuring ends with the run, and what was measured is kept", { skip: SKIP }, async () => {
  await using temporary = await temporaryFolder();
  const ending = new AbortController();
  const cancelled = { ...ALL, signal: ending.signal };
  const engineOfRun = beforeGraph(() => ending.abort(new Error("cancelled")));
  await assert.rejects(chooserIn(temporary.folder).choose(engineOfRun, NETWORK, cancelled), /cancelled/);
  assert.deepEqual(await storedNames(temporary.folder), MEASURED.slice(0, 1));
});

test("a run trains where times cannot be stored", { skip: SKIP }, async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "file");
  await writeFile(file, "in place of a folder");
  const chosen = (await chooserIn(file).choose(engine, NETWORK, ALL)) ?? [];
  assert.ok(chosen.every((name) => MEASURED.includes(name)));
});

test("a convolution that cannot be measured for lack of memory is left to oneDNN", {
  skip: SKIP,
}, async () => {
  await using temporary = await temporaryFolder();
  let opened = 0;
  const short = beforeGraph(() => {
    // The second graph is that of Eigen for the first convolution.
    if (++opened === 2) throw new AppError("ENGINE_OUT_OF_MEMORY", "OOM when allocating tensor");
  });
  const chosen = (await chooserIn(temporary.folder).choose(short, NETWORK, ALL)) ?? [];
  assert.ok(!chosen.includes(MEASURED[0]!));
  assert.deepEqual(await storedNames(temporary.folder), MEASURED.slice(1));
});

test("no choice is made for bfloat16, for a GPU and for small convolutions", async () => {
  await using temporary = await temporaryFolder();
  const chooser = chooserIn(temporary.folder);
  assert.deepEqual(await chooser.choose(refusing(), { ...NETWORK, precision: "MIXED_BFLOAT16" }, ALL), null);
  assert.deepEqual(await chooser.choose(refusing(), { ...NETWORK, widthMultiplier: 0.25 }, ALL), null);
  const gpu = { name: "a GPU", kind: "GPU", memoryBytes: null, instructionSets: [] } as const;
  const info = { ...engine.info, devices: [gpu, ...engine.info.devices] };
  const onGpu = new Proxy(refusing(), {
    get: (target, name) => (name === "info" ? info : Reflect.get(target, name, target)),
  });
  assert.deepEqual(await chooser.choose(onGpu, NETWORK, ALL), null);
});

test("a run that continues keeps the choice of its first attempt", { skip: SKIP }, async () => {
  await using temporary = await temporaryFolder();
  const measured = { folder: temporary.folder, clock: SYSTEM_CLOCK, log: testLog };
  const configuration = CONFIGURATION;
  const sources = {
    product: "espalier test",
    precisions: new PrecisionChooser(measured),
    kernelGradients: new KernelGradientChooser(measured),
  };
  await environmentOf(
    engine,
    { configuration, environment: null, layerWidths: null },
    CLASSES,
    sources,
    ALL.signal,
  );
  await storeTimes(temporary.folder, [2, 0.5]);
  const first = await environmentOf(
    engine,
    { configuration, environment: null, layerWidths: null },
    CLASSES,
    sources,
    ALL.signal,
  );
  assert.deepEqual(first.eigenKernelGradients, MEASURED.slice(1));

  await storeTimes(temporary.folder, [0.5, 2]);
  assert.deepEqual(
    await environmentOf(
      engine,
      { configuration, environment: first, layerWidths: null },
      CLASSES,
      sources,
      ALL.signal,
    ),
    first,
  );
  // Recorded before there was a choice.
  const { eigenKernelGradients: _, ...earlier } = first;
  const environment = readRunEnvironment(earlier);
  const continued = await environmentOf(
    engine,
    { configuration, environment, layerWidths: null },
    CLASSES,
    sources,
    ALL.signal,
  );
  assert.equal(continued.eigenKernelGradients, null);
});

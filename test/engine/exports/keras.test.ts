import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { hasCode } from "../../../src/core/app-error.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { openKerasRuntime } from "../../../src/engine/runtimes/keras-python.js";
import { KERAS } from "../../../src/exports/formats/keras/keras.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { floats } from "../../golden/fed-values.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import {
  classNamesOf,
  EXPORTED_NETWORKS,
  openRandomModel,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";
import { assertSameClass, classifiedByUs, runUsage, writeUsageImage } from "../../testkit/exports/usage.js";
import { noiseImages } from "../../testkit/registry-world.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

const TOLERANCE = 1e-5;
const skip = await whyNoPython("keras", "tensorflow");
const skipUsage = await whyNoPython("keras", "tensorflow", "PIL");
const python = process.env.ESPALIER_TEST_PYTHON ?? null;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

function folderOf(name: string): string {
  return path.join(engine.folder, name);
}

/** Writes the file of a network with random weights. */
async function exported(name: string, network: NetworkSpec): Promise<string> {
  const { host } = engine;
  const folder = folderOf(name);
  await writeRandomModel(host, network, folder);
  await using model = await openRandomModel(host, network, folder);
  const file = path.join(folder, "flowers-3.keras");
  await KERAS.write(model.network, "FLOAT32", file, { engine: host, workFolder: folder });
  return file;
}

async function runtimeOptions(name: string) {
  const workFolder = path.join(folderOf(name), "keras");
  await mkdir(workFolder, { recursive: true });
  return { python, workFolder, threads: 2 };
}

describe("a .keras file", { skip }, () => {
  const files: Record<string, string> = {};
  before(async () => {
    for (const [name, network] of Object.entries(EXPORTED_NETWORKS))
      files[name] = await exported(name, network);
  });

  for (const [name, network] of Object.entries(EXPORTED_NETWORKS)) {
    test(`gives the probabilities of our own engine in Keras: ${name}`, async (t) => {
      await using original = await engine.host.openGraph(buildServingGraph(network));
      await restoreCheckpoint(original, path.join(folderOf(name), "variables"));
      await using keras = await openKerasRuntime(files[name]!, await runtimeOptions(name));
      assert.equal(keras.name, "Keras");
      assert.match(keras.version, /^3\.\d+\.\d+ \(tensorflow \d+\.\d+\.\d+\)$/);
      for (const count of [1, 3]) {
        const images = () => noiseImages(count, network.imageSizePixels, 7);
        const expected = await original.run("serving_default", { images: images() });
        const found = await keras.run(images().data as Uint8Array, count);
        const [probabilities, logits] = [
          difference(floats(expected.probabilities), found.probabilities),
          difference(floats(expected.logits), found.logits ?? new Float32Array()),
        ];
        t.diagnostic(`${count} images: probabilities differ by ${probabilities}, logits by ${logits}`);
        assert.ok(probabilities < TOLERANCE && logits < 1e-4);
      }
    });
  }

  test("opens in the safe mode without a warning, and can be saved again", async () => {
    const again = folderOf("again");
    await mkdir(again);
    const described = await askGoldenScript<Readonly<Record<string, Described>>>(
      "exports/open_keras_archives.py",
      again,
      ...Object.values(files),
    );
    for (const [name, network] of Object.entries(EXPORTED_NETWORKS)) {
      const found = described[files[name]!]!;
      const { imageSizePixels: size } = network;
      assert.deepEqual(found.warnings, [], name);
      assert.equal(found.name, "flowers-3");
      assert.deepEqual(found.input, ["images", "uint8", null, size, size, 3]);
      assert.deepEqual(found.outputs, ["probabilities"]);
      assert.ok(!found.layers.includes("BatchNormalization") && !found.layers.includes("ReLU"));
      assert.ok(found.parameters <= parametersOf(network));
      assert.ok(found.differenceAfterSaving < TOLERANCE);
    }
  });

  test("its usage example classifies an image as the product does", { skip: skipUsage }, async () => {
    const name = "ResNet-18";
    const folder = folderOf(name);
    const image = await writeUsageImage(folder);
    const classNames = classNamesOf(EXPORTED_NETWORKS[name]!);
    const facts = {
      fileName: "flowers-3.keras",
      precision: "FLOAT32",
      imageSizePixels: 64,
      classNames,
    } as const;
    const [example] = KERAS.usage(facts);
    const found = await runUsage(example!, folder, files[name]!, image);
    const [network, checkpoint] = [EXPORTED_NETWORKS[name]!, path.join(folder, "variables")];
    assertSameClass(found, await classifiedByUs(engine.host, network, checkpoint, await readFile(image)));
  });
});

/** Output of open_keras_archives.py. */
interface Described {
  readonly warnings: readonly string[];
  readonly name: string;
  readonly input: readonly unknown[];
  readonly outputs: readonly string[];
  readonly layers: readonly string[];
  readonly parameters: number;
  readonly differenceAfterSaving: number;
}

function parametersOf(network: NetworkSpec): number {
  // A convolution without a bias gets one when a normalization is folded into it; its normalization has four vectors.
  return networkVariables(network).reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
}

function difference(expected: Float32Array, found: Float32Array): number {
  assert.equal(found.length, expected.length);
  return expected.reduce((greatest, value, index) => {
    const each = Math.abs(value - found[index]!);
    return Number.isNaN(each) ? Number.POSITIVE_INFINITY : Math.max(greatest, each);
  }, 0);
}

describe("the runtime of .keras files", () => {
  test("is unavailable without ESPALIER_PYTHON", async () => {
    const opening = openKerasRuntime("flowers-3.keras", {
      python: null,
      workFolder: engine.folder,
      threads: 1,
    });
    await assert.rejects(opening, (error) => {
      assert.ok(hasCode(error, "RUNTIME_UNAVAILABLE"));
      assert.match(error.message, /^ESPALIER_PYTHON names no Python\./);
      return true;
    });
  });

  test("is unavailable when the program of ESPALIER_PYTHON does not exist", async () => {
    await rejects({ python: "/nowhere/python" }, /cannot run Keras: it cannot be started: .*ENOENT/);
  });

  test("is unavailable when Python has no Keras", async () => {
    // Without its packages, the same Python has none.
    const bare = await program("bare", `exec "${python ?? "python3"}" -S -E "$@"`);
    await rejects({ python: bare }, /cannot run Keras: it has no Keras\. .*-m pip install keras tensorflow/);
  });

  test("is unavailable when the program dies, and says how", async () => {
    const dying = await program("dying", "echo 'the disk is on fire' >&2; exit 3");
    await rejects({ python: dying }, /it ended with exit code 3:\nthe disk is on fire/);
    const killed = await program("killed", "kill -9 $$");
    await rejects({ python: killed }, /the signal SIGKILL ended it/);
  });

  test("is unavailable when the program dies while it classifies", async () => {
    const describes = `printf '\\070\\000\\000\\000{"keras":"3.0","backend":"torch","backendVersion":"2.0"}'`;
    const dying = await program("short-lived", `${describes}; head -c 4 > /dev/null; exit 4`);
    await using runtime = await openKerasRuntime("x.keras", {
      ...(await runtimeOptions("x")),
      python: dying,
    });
    assert.equal(runtime.version, "3.0 (torch 2.0)");
    await assert.rejects(runtime.run(new Uint8Array(300), 1), (error) => {
      assert.ok(hasCode(error, "RUNTIME_UNAVAILABLE"));
      assert.match(error.message, /it ended with exit code 4/);
      return true;
    });
  });

  test("says what is wrong with a file that Keras cannot open", { skip }, async () => {
    const file = await exported("damaged", SMALL_NETWORK);
    const damaged = path.join(folderOf("damaged"), "damaged.keras");
    await writeFile(damaged, (await readFile(file, "latin1")).replace("Conv2D", "Conv9D"), "latin1");
    await assert.rejects(openKerasRuntime(damaged, await runtimeOptions("damaged")), (error: Error) => {
      assert.ok(!hasCode(error, "RUNTIME_UNAVAILABLE"));
      assert.match(error.message, /Keras 3\.\d+\.\d+ cannot open it: BadZipFile: Bad CRC-32/);
      return true;
    });
  });
});

async function rejects(options: { readonly python: string }, message: RegExp): Promise<void> {
  const opening = openKerasRuntime("x.keras", { ...(await runtimeOptions("x")), ...options });
  await assert.rejects(opening, (error) => {
    assert.ok(hasCode(error, "RUNTIME_UNAVAILABLE"));
    assert.match(error.message, message);
    return true;
  });
}

/** A program that is named as Python. */
async function program(name: string, line: string): Promise<string> {
  const file = folderOf(name);
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
  return file;
}

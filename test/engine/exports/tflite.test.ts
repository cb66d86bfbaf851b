import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { parseConfig } from "../../../src/core/config.js";
import { type ExportPrecision, Preprocessing } from "../../../src/core/enumerations.js";
import { ImageDecoder } from "../../../src/data/images/decoder.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { openLiteRt } from "../../../src/engine/runtimes/litert/litert-runtime.js";
import type { OfficialRuntime } from "../../../src/engine/runtimes/official-runtime.js";
import { tfliteUsage } from "../../../src/exports/formats/tflite/usage.js";
import { writeTflite } from "../../../src/exports/formats/tflite/write-file.js";
import { calibrate } from "../../../src/exports/network/calibration.js";
import { ExportedNetwork } from "../../../src/exports/network/exported-network.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages, floats } from "../../golden/fed-values.js";
import { formulaImages } from "../../golden/golden-formula.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import {
  classNamesOf,
  EXPORTED_NETWORKS,
  IDENTITY,
  openRandomModel,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";
import { assertSameClass, runUsage, writeUsageImage } from "../../testkit/exports/usage.js";
import { seededRandom } from "../../testkit/random.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

const CONFIG = parseConfig(process.env);
/** The greatest difference of a probability from those of our own engine. */
const TOLERANCES: Readonly<Record<ExportPrecision, number>> = { FLOAT32: 1e-5, FLOAT16: 2e-3, INT8: 0.05 };
const CALIBRATION_IMAGES = 16;

let engine: EngineWithFolder;

function open(file: string): Promise<OfficialRuntime> {
  return openLiteRt(file, { cacheFolder: CONFIG.cacheFolder, threads: 1, progress: () => {} });
}

type Exported = Awaited<ReturnType<typeof exportRandom>>;
const exported = new Map<string, Promise<Exported>>();

/** The exports of a network, which are written once for all tests. */
function exportOnce(name: string, network: NetworkSpec): Promise<Exported> {
  const known = exported.get(name) ?? exportRandom(name, network);
  exported.set(name, known);
  return known;
}

/** Writes a model with random weights, its files in every precision, and what our own engine computes. */
async function exportRandom(name: string, network: NetworkSpec, classNames = classNamesOf(network)) {
  const { host } = engine;
  const folder = path.join(engine.folder, name);
  await writeRandomModel(host, network, folder);
  const size = network.imageSizePixels;
  await using float = await openRandomModel(host, network, folder, null, classNames);
  const calibration = (async function* () {
    const pixels = formulaImages("calibration", CALIBRATION_IMAGES, size);
    yield { count: CALIBRATION_IMAGES, pixels };
  })();
  await mkdir(path.join(folder, "work"));
  const ranges = await calibrate(host, float.network, calibration, path.join(folder, "work"));
  await using integer = await openRandomModel(host, network, folder, ranges, classNames);
  const fileOf = (precision: ExportPrecision) => path.join(folder, `${precision}.tflite`);
  for (const precision of ["FLOAT32", "FLOAT16", "INT8"] as const) {
    await writeTflite((precision === "INT8" ? integer : float).network, precision, fileOf(precision));
  }
  return {
    folder,
    fileOf,
    probabilities: async (count: number) => {
      await using session = await host.openGraph(buildServingGraph(network));
      await restoreCheckpoint(session, path.join(folder, "variables"));
      const { probabilities } = await session.run("serving_default", {
        images: fedImages("evaluation", count, size),
      });
      return floats(probabilities);
    },
  };
}

const skip = await whyNoPython("ai_edge_litert", "PIL");

/** Output of run_tflite.py for a file. */
interface PythonAnswer {
  readonly one_by_one: readonly number[][];
  readonly together: readonly number[][];
  readonly types: readonly string[];
}

describe("a TensorFlow Lite file", () => {
  before(async () => {
    engine = await startEngineWithFolder(CONFIG.threads);
  });
  after(() => engine[Symbol.asyncDispose]());

  describe("LiteRT computes what the engine computes", () => {
    const networks = {
      ...EXPORTED_NETWORKS,
      ...Object.fromEntries(
        Object.values(Preprocessing).map((preprocessing) => [
          `VGG11 with ${preprocessing}`,
          { ...SMALL_NETWORK, preprocessing },
        ]),
      ),
    };
    for (const [name, network] of Object.entries(networks)) {
      test(name, async (t) => {
        const { fileOf, probabilities } = await exportOnce(name, network);
        for (const precision of ["FLOAT32", "FLOAT16", "INT8"] as const) {
          await using runtime = await open(fileOf(precision));
          // The number of images changes, and returns.
          for (const count of [1, 3, 1]) {
            const images = formulaImages("evaluation", count, network.imageSizePixels);
            const outputs = await runtime.run(images, count);
            const difference = greatestDifference(outputs.probabilities, await probabilities(count));
            t.diagnostic(`${precision}, ${count} images: ${difference.toExponential(1)}`);
            assert.ok(difference <= TOLERANCES[precision], `${precision} is off by ${difference}`);
          }
        }
      });
    }
  });

  for (const weight of [0, 1e-12]) {
    test(`in INT8, channels whose weights are ${weight} keep their biases, and layers may be always zero`, async () => {
      const shapes = new Map(networkVariables(SMALL_NETWORK).map(({ name, shape }) => [name, shape]));
      const read = async (name: string) => {
        const shape = shapes.get(name) ?? [];
        const [outputs = 1, isKernel, random] = [shape.at(-1), name.endsWith("/kernel"), seededRandom(3)];
        const limit = Math.sqrt(6 / (elementCount(shape) / outputs));
        return Float32Array.from({ length: elementCount(shape) }, (_, index) => {
          if (name.startsWith("block4_conv1/")) return isKernel ? 0 : -1;
          const isSparse = (index % outputs) % 3 === 0 && !name.startsWith("predictions/");
          if (isSparse) return isKernel ? weight * (random() - 0.5) : 0.7;
          return isKernel ? limit * (2 * random() - 1) : 0.05;
        });
      };
      const float = new ExportedNetwork(SMALL_NETWORK, classNamesOf(SMALL_NETWORK), IDENTITY, null, { read });
      const ranges = new Map(float.layers.map(({ name }) => [name, { minimum: 0, maximum: 6 }]));
      ranges.set("block4_conv1", { minimum: 0, maximum: 0 });
      ranges.set(float.layers.at(-1)?.name ?? "", { minimum: -4, maximum: 4 });
      const integer = new ExportedNetwork(SMALL_NETWORK, float.classNames, IDENTITY, ranges, { read });
      const probabilities = new Map<ExportPrecision, Float32Array>();
      for (const [precision, network] of [["FLOAT32", float] as const, ["INT8", integer] as const]) {
        const file = path.join(engine.folder, `sparse-${weight}-${precision}.tflite`);
        await writeTflite(network, precision, file);
        await using runtime = await open(file);
        const outputs = await runtime.run(formulaImages("evaluation", 2, SMALL_NETWORK.imageSizePixels), 2);
        probabilities.set(precision, outputs.probabilities);
      }
      const difference = greatestDifference(probabilities.get("INT8")!, probabilities.get("FLOAT32")!);
      assert.ok(difference <= 0.03, `off by ${difference}`);
    });
  }

  describe("Python's ai_edge_litert", { skip }, () => {
    for (const [name, network] of Object.entries(EXPORTED_NETWORKS)) {
      test(`opens the files of ${name} and computes the same`, async () => {
        const { folder, fileOf, probabilities } = await exportOnce(name, network);
        const count = 3;
        const size = network.imageSizePixels;
        const precisions = ["FLOAT32", "FLOAT16", "INT8"] as const;
        const images = formulaImages("evaluation", count, size);
        const imagesFile = path.join(folder, "images.u8");
        await writeFile(imagesFile, images);
        const args = [imagesFile, String(size), ...precisions.map(fileOf)];
        const answers = await askGoldenScript<Record<string, PythonAnswer>>("exports/run_tflite.py", ...args);
        const expected = await probabilities(count);
        for (const precision of precisions) {
          const answer = answers[fileOf(precision)];
          assert.ok(answer !== undefined);
          await using runtime = await open(fileOf(precision));
          const ours = await runtime.run(images, count);
          for (const received of [answer.one_by_one.flat(), answer.together.flat()]) {
            assert.ok(greatestDifference(received, expected) <= TOLERANCES[precision]);
            assert.ok(greatestDifference(received, ours.probabilities) <= 1e-6, precision);
          }
          if (precision === "INT8") assert.deepEqual(answer.types, ["int32", "int8", "uint8"]);
        }
      });
    }

    for (const precision of ["FLOAT32", "INT8"] as const) {
      test(`runs the usage example of a file in ${precision}, whose classes have strange names`, async () => {
        const names = ["rose, red", "two\nlines", "back\\slash", "日本", " spaces "];
        const { folder, fileOf } = await exportRandom(`usage ${precision}`, SMALL_NETWORK, names);
        const size = SMALL_NETWORK.imageSizePixels;
        const facts = { fileName: "flowers-3.tflite", precision, imageSizePixels: size, classNames: names };
        const [example] = tfliteUsage(facts);
        assert.ok(example !== undefined);
        const image = await writeUsageImage(folder);
        const found = await runUsage(example, folder, fileOf(precision), image);

        await using runtime = await open(fileOf(precision));
        const pixels = await new ImageDecoder(CONFIG.limits).decodeRgb(await readFile(image), size);
        const { probabilities } = await runtime.run(pixels, 1);
        const best = probabilities.indexOf(Math.max(...probabilities));
        const label = names[best]?.replace("\n", "\\n") ?? "";
        assertSameClass(found, { label, probability: probabilities[best] ?? 0 });
      });
    }
  });

  describe("a damaged file", () => {
    test("is refused with the function of LiteRT that failed", async () => {
      const { folder, fileOf } = await exportOnce("VGG11 pooled", SMALL_NETWORK);
      const bytes = await readFile(fileOf("FLOAT32"));
      for (const [name, damaged] of [
        ["empty", Buffer.alloc(0)],
        ["text", Buffer.from("no model at all, but a text that is a little longer")],
        ["truncated", bytes.subarray(0, 4000)],
        ["offset", Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f]), bytes.subarray(4)])],
      ] as const) {
        const file = path.join(folder, `${name}.tflite`);
        await writeFile(file, damaged);
        await assert.rejects(
          open(file),
          { code: "RUNTIME_FAILED", message: /LiteRtCreateModelFromFile/ },
          name,
        );
      }
    });

    test("at random places is refused, is no matter, or ends the process that opens it", async (t) => {
      const { folder, fileOf } = await exportOnce("VGG11 pooled", SMALL_NETWORK);
      const bytes = await readFile(fileOf("INT8"));
      const random = seededRandom(14);
      const outcomes = new Map<string, number>();
      for (let attempt = 0; attempt < 12; attempt++) {
        const damaged = Buffer.from(
          bytes.subarray(0, attempt % 4 === 0 ? random() * bytes.length : bytes.length),
        );
        // Tables are at the start. Damaged weights are weights all the same.
        for (let flip = 0; flip < 4; flip++)
          damaged[Math.floor(random() * Math.min(damaged.length, 8000))]! ^= 0xff;
        const file = path.join(folder, `flipped-${attempt}.tflite`);
        await writeFile(file, damaged);
        const program = path.join(import.meta.dirname, "open-tflite.js");
        const size = String(SMALL_NETWORK.imageSizePixels);
        const { outcome } = await promisify(execFile)(process.execPath, [program, file, size]).then(
          ({ stdout }) => ({ outcome: stdout.trim() }),
          ({ signal }: { signal: string | null }) => ({ outcome: signal ?? "failed" }),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
      const expected = ["RUNTIME_FAILED", "CLASSIFIED", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE"];
      assert.deepEqual(
        [...outcomes.keys()].filter((outcome) => !expected.includes(outcome)),
        [],
      );
      assert.ok((outcomes.get("RUNTIME_FAILED") ?? 0) >= 3);
    });

    test("that does not exist is refused", async () => {
      await assert.rejects(open(path.join(engine.folder, "missing.tflite")), { code: "RUNTIME_FAILED" });
    });
  });
});

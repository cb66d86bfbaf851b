import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parseConfig } from "../../../src/core/config.js";
import { type ExportPrecision, Preprocessing } from "../../../src/core/enumerations.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoint.js";
import { openLiteRt } from "../../../src/engine/runtimes/litert/litert-runtime.js";
import type { OfficialRuntime } from "../../../src/engine/runtimes/official-runtime.js";
import { writeTflite } from "../../../src/exports/formats/tflite/write-file.js";
import { calibrate } from "../../../src/exports/network/calibration.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages, floats } from "../../golden/fed-values.js";
import { formulaImages } from "../../golden/golden-formula.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import {
  EXPORTED_NETWORKS,
  openRandomModel,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";

const CONFIG = parseConfig(process.env);
/** The greatest difference of a probability from those of our own engine. */
const TOLERANCES: Readonly<Record<ExportPrecision, number>> = { FLOAT32: 1e-5, FLOAT16: 2e-3, INT8: 0.05 };
const CALIBRATION_IMAGES = 16;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder(CONFIG.threads);
});
after(() => engine[Symbol.asyncDispose]());

function open(file: string): Promise<OfficialRuntime> {
  return openLiteRt(file, { cacheFolder: CONFIG.cacheFolder, threads: 1, progress: () => {} });
}

/** Writes a model with random weights, its files in every precision, and what our own engine computes. */
async function exportRandom(name: string, network: NetworkSpec) {
  const { host } = engine;
  const folder = path.join(engine.folder, name);
  await writeRandomModel(host, network, folder);
  const size = network.imageSizePixels;
  await using float = await openRandomModel(host, network, folder);
  const calibration = (async function* () {
    const pixels = formulaImages("calibration", CALIBRATION_IMAGES, size);
    yield { count: CALIBRATION_IMAGES, pixels };
  })();
  await mkdir(path.join(folder, "work"));
  const ranges = await calibrate(host, float.network, calibration, path.join(folder, "work"));
  await using integer = await openRandomModel(host, network, folder, ranges);
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
      const { fileOf, probabilities } = await exportRandom(name, network);
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

describe("a damaged file", () => {
  test("is refused with the function of LiteRT that failed", async () => {
    const { folder, fileOf } = await exportRandom("damaged", SMALL_NETWORK);
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

  test("that does not exist is refused", async () => {
    await assert.rejects(open(path.join(engine.folder, "missing.tflite")), { code: "RUNTIME_FAILED" });
  });
});

import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { InferenceSession } from "onnxruntime-node";
import sharp from "sharp";
import { hasCode } from "../../../src/core/app-error.js";
import type { ExportPrecision } from "../../../src/core/enumerations.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import { openOnnxRuntime } from "../../../src/engine/runtimes/onnx-runtime.js";
import { ONNX } from "../../../src/exports/formats/onnx/onnx.js";
import { writeOnnx } from "../../../src/exports/formats/onnx/write-onnx.js";
import { calibrate } from "../../../src/exports/network/calibration.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages, floats } from "../../golden/fed-values.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { readOnnxFile } from "../../testkit/exports/onnx-file.js";
import {
  classNamesOf,
  EXPORTED_NETWORKS,
  openRandomModel,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";
import { assertSameClass, type Classified, classifiedByUs, runUsage } from "../../testkit/exports/usage.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

/** Of a probability, absolute. */
const TOLERANCES: Readonly<Record<ExportPrecision, number>> = { FLOAT32: 1e-5, FLOAT16: 2e-3, INT8: 0.05 };
const BATCHES = [1, 3];
const CALIBRATION_IMAGES = 16;

const skip = await whyNoPython("onnx", "onnxruntime", "numpy");
const skipUsage = await whyNoPython("onnxruntime", "numpy", "PIL");

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder(1);
});
after(() => engine[Symbol.asyncDispose]());

function imagesFor(spec: NetworkSpec, count: number): TensorValue {
  return fedImages("evaluation", count, spec.imageSizePixels);
}

/** Writes the files of a network in every precision. */
async function exportAll(
  name: string,
  spec: NetworkSpec,
): Promise<Readonly<Record<ExportPrecision, string>>> {
  const { host } = engine;
  const folder = path.join(engine.folder, name);
  await mkdir(folder, { recursive: true });
  await writeRandomModel(host, spec, folder);
  await using float = await openRandomModel(host, spec, folder);
  const images = fedImages("calibration", CALIBRATION_IMAGES, spec.imageSizePixels);
  const batches = (async function* () {
    yield { count: CALIBRATION_IMAGES, pixels: images.data as Uint8Array };
  })();
  const ranges = await calibrate(host, float.network, batches, path.join(folder, "calibrating"));
  await using calibrated = await openRandomModel(host, spec, folder, ranges);
  const files = { FLOAT32: "", FLOAT16: "", INT8: "" };
  for (const precision of ONNX.precisions) {
    const { network } = precision === "INT8" ? calibrated : float;
    files[precision] = path.join(folder, `${precision}.onnx`);
    await writeOnnx(network, precision, files[precision]);
  }
  return files;
}

/** The probabilities of the engine, which `exportAll` wrote the weights for. */
async function originalProbabilities(
  name: string,
  spec: NetworkSpec,
  images: TensorValue,
): Promise<Float32Array> {
  await using serving = await engine.host.openGraph(buildServingGraph(spec));
  await restoreCheckpoint(serving, path.join(engine.folder, name, "variables"));
  const { probabilities } = await serving.run("serving_default", { images });
  return floats(probabilities).slice();
}

function assertClose(
  t: TestContext,
  precision: ExportPrecision,
  found: Float32Array,
  expected: Float32Array,
): void {
  const difference = greatestDifference(found, expected);
  t.diagnostic(
    `${precision}, ${expected.length} probabilities to ${Math.max(...expected).toFixed(2)}: ${difference}`,
  );
  assert.ok(difference <= TOLERANCES[precision], `${precision} is off by ${difference}`);
}

for (const [name, spec] of Object.entries(EXPORTED_NETWORKS)) {
  describe(`${name} as ONNX`, () => {
    let files: Readonly<Record<ExportPrecision, string>>;
    before(async () => {
      files = await exportAll(name, spec);
    });

    for (const precision of ONNX.precisions) {
      test(`${precision} gives the engine's probabilities in ONNX Runtime, in batches of ${BATCHES.join(" and ")}`, async (t) => {
        await using runtime = await openOnnxRuntime(files[precision], 1);
        assert.equal(runtime.name, "ONNX Runtime");
        assert.match(runtime.version, /^\d+\.\d+\.\d+$/);
        for (const count of BATCHES) {
          const { probabilities } = await runtime.run(imagesFor(spec, count).data as Uint8Array, count);
          const expected = await originalProbabilities(name, spec, imagesFor(spec, count));
          assertClose(t, precision, probabilities, expected);
        }
      });
    }

    test("ONNX Runtime computes INT8 in whole numbers, from the first layer to the last", async () => {
      const optimizedModelFilePath = `${files.INT8}.optimized`;
      const session = await InferenceSession.create(files.INT8, {
        optimizedModelFilePath,
        logSeverityLevel: 3,
      });
      await session.release();
      const { nodes } = await readOnnxFile(optimizedModelFilePath);
      const operators = new Set(nodes.map(({ operator }) => operator));
      for (const float of ["Conv", "FusedConv", "Gemm", "MatMul", "DequantizeLinear", "Relu"]) {
        assert.ok(!operators.has(float), `${float} is computed in float32.`);
      }
      assert.equal(nodes.filter(({ operator }) => operator === "QuantizeLinear").length, 1);
    });

    test("onnx.checker accepts the files, and Python's ONNX Runtime gives the same probabilities", {
      skip,
    }, async (t) => {
      const count = 3;
      const pixels = path.join(engine.folder, name, "images");
      await writeFile(pixels, imagesFor(spec, count).data as Uint8Array);
      const answers = await askGoldenScript<Readonly<Record<string, PythonAnswer>>>(
        "exports/open_onnx.py",
        ...[pixels, String(count), String(spec.imageSizePixels)],
        ...Object.values(files),
      );
      const expected = await originalProbabilities(name, spec, imagesFor(spec, count));
      for (const precision of ONNX.precisions) {
        const answer = answers[files[precision]];
        assert.ok(answer?.isCanonical);
        assert.deepEqual(JSON.parse(answer.properties.labels ?? ""), classNamesOf(spec));
        assertClose(t, precision, Float32Array.from(answer.probabilities.flat()), expected);
      }
    });
  });
}

/** Output of open_onnx.py. */
interface PythonAnswer {
  /** Whether ONNX's own library writes the same bytes. */
  readonly isCanonical: boolean;
  readonly probabilities: readonly number[][];
  readonly properties: Readonly<Record<string, string>>;
}

test("ONNX Runtime's refusal of a file is reported with its reason", async () => {
  const file = path.join(engine.folder, "damaged.onnx");
  await writeFile(file, "no model");
  await assert.rejects(
    openOnnxRuntime(file, 1),
    (error) => hasCode(error, "RUNTIME_FAILED") && error.message.includes("damaged.onnx"),
  );
});

describe("The usage examples of ONNX classify an image as the product does", () => {
  const spec = SMALL_NETWORK;
  let files: Readonly<Record<ExportPrecision, string>>;
  let folder: string;
  let image: string;
  let expected: Classified;
  before(async () => {
    files = await exportAll("usage", spec);
    folder = path.join(engine.folder, "usage");
    await symlink(
      path.join(projectRoot(import.meta.dirname), "node_modules"),
      path.join(folder, "node_modules"),
    );
    image = path.join(folder, "image.png");
    // Lying on its side, and partly transparent: what programs forget.
    const blocks = Buffer.from(fedImages("usage", 1, 8).data as Uint8Array).subarray(0, 4 * 4 * 6);
    await sharp(blocks, { raw: { width: 4, height: 6, channels: 4 } })
      .resize(80, 120, { kernel: "nearest" })
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(image);
    const checkpoint = path.join(folder, "variables");
    expected = await classifiedByUs(engine.host, spec, checkpoint, await readFile(image));
  });

  for (const language of ["PYTHON", "JAVASCRIPT"] as const) {
    test(`in ${language}`, { skip: language === "PYTHON" && skipUsage }, async () => {
      const examples = ONNX.usage({
        fileName: "flowers-3.onnx",
        precision: "FLOAT32",
        imageSizePixels: spec.imageSizePixels,
        classNames: classNamesOf(spec),
      });
      const example = examples.find((each) => each.language === language) ?? assert.fail();
      assertSameClass(await runUsage(example, folder, files.FLOAT32, image), expected);
    });
  }
});

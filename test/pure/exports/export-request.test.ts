import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { hasCode } from "../../../src/core/app-error.js";
import { ExportFormat, ExportPrecision } from "../../../src/core/enumerations.js";
import {
  exportFileName,
  exportSettingsOf,
  type RequestedExport,
} from "../../../src/exports/jobs/export-request.js";

function settingsOf(requested: Partial<RequestedExport>) {
  return exportSettingsOf({
    format: "TFLITE",
    precision: "FLOAT32",
    calibrationImages: null,
    proofImages: null,
    bounds: null,
    ...requested,
  });
}

test("an export has the documented defaults", () => {
  const bounds = {
    maximumProbabilityDifference: null,
    minimumTop1Agreement: null,
    maximumAccuracyLoss: null,
  };
  assert.deepEqual(settingsOf({ bounds }), {
    format: "TFLITE",
    precision: "FLOAT32",
    calibrationImages: null,
    proofImages: 2_000,
    bounds: { maximumProbabilityDifference: 1e-4, minimumTop1Agreement: 1, maximumAccuracyLoss: null },
  });
  assert.equal(settingsOf({ precision: "FLOAT16" }).bounds.minimumTop1Agreement, 0.995);
  const quantized = settingsOf({ precision: "INT8", bounds: { ...bounds, minimumTop1Agreement: 0.9 } });
  assert.equal(quantized.calibrationImages, 256);
  assert.deepEqual(quantized.bounds, { ...bounds, minimumTop1Agreement: 0.9, maximumAccuracyLoss: 0.005 });
});

test("numbers of images are within their ranges, and calibration belongs to INT8", () => {
  assert.equal(settingsOf({ precision: "INT8", calibrationImages: 4_096 }).calibrationImages, 4_096);
  assert.equal(settingsOf({ calibrationImages: 256 }).calibrationImages, null, "the default has no effect");
  for (const [requested, message] of [
    [{ precision: "INT8", calibrationImages: 4_097 }, /from 1 to 4096. Received 4097/],
    [{ precision: "INT8", calibrationImages: 0 }, /from 1 to 4096/],
    [{ calibrationImages: 255 }, /Only exports with the precision INT8 are calibrated/],
    [{ proofImages: 2_001 }, /from 1 to 2000/],
  ] as const) {
    assert.throws(
      () => settingsOf(requested),
      (error) => hasCode(error, "EXPORT_SETTING_INVALID") && message.test(error.message),
    );
  }
});

test("a pair of format and precision is named in the file, or refused with those that are supported", () => {
  const version = { modelName: "Flowers.v2_x-1", number: 12 };
  for (const format of Object.values(ExportFormat)) {
    for (const precision of Object.values(ExportPrecision)) {
      const supported = precision === "FLOAT32" || format === "TFLITE" || format === "ONNX";
      if (supported) {
        const name = exportFileName(version, settingsOf({ format, precision }));
        assert.match(name, /^Flowers\.v2_x-1-12-(float32|float16|int8)\.(zip|keras|tflite|onnx)$/);
        continue;
      }
      assert.throws(
        () => settingsOf({ format, precision }),
        (error) =>
          hasCode(error, "EXPORT_UNSUPPORTED") &&
          /TFLITE in FLOAT32, FLOAT16, INT8/.test(error.message) &&
          /KERAS in FLOAT32[.;]/.test(error.message),
      );
    }
  }
});

test("a server that only knows the formats loads no native code of their runtimes", async () => {
  const registry = JSON.stringify(import.meta.resolve("../../../src/exports/formats/registry.js"));
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "-e",
    `await import(${registry}); console.log(process.report.getReport().sharedObjects.join("\\n"));`,
  ]);
  assert.doesNotMatch(stdout, /koffi|onnxruntime|LiteRt|tensorflow/i);
});

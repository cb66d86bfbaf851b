import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ExportJob } from "../../../src/exports/attempt/job.js";
import { networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import { TINY_CONFIGURATION } from "../trained-run.js";

/** The program of `export-child.ts`. */
export const EXPORT_CHILD = fileURLToPath(new URL("./export-child.js", import.meta.url));

/** A job for that program, which needs no files. */
export function jobThat(action: string, folder: string): ExportJob {
  return {
    format: "ONNX",
    precision: "FLOAT32",
    modelFolder: folder,
    network: networkOfRun(TINY_CONFIGURATION, 3, "FLOAT32"),
    classNames: ["daisy", "rose", "tulip"],
    identity: {
      product: "espalier 0",
      modelVersion: "flowers:1",
      modelVersionId: "mdv_1",
      description: action,
      runId: "run_1",
      epoch: 1,
      dataset: "flowers:1",
      datasetHash: null,
      registeredAt: new Date(0),
    },
    calibration: [],
    proof: { split: "TEST", images: [{ contentHash: "00", classIndex: 0 }] },
    file: path.join(folder, "file"),
    workFolder: folder,
    blobsFolder: folder,
    cacheFolder: folder,
    python: null,
    threads: 1,
    addonFile: path.join(folder, "addon"),
    limits: { imageBytes: 1, imagePixels: 1 },
  };
}

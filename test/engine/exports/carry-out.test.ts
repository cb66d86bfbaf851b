import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { parseConfig } from "../../../src/core/config.js";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import { provideNativeLibrary } from "../../../src/engine/native-library.js";
import { carryOut } from "../../../src/exports/attempt/carry-out.js";
import type { ExportJob, ExportStage } from "../../../src/exports/attempt/job.js";
import { EXPORT_FORMAT_DEFINITIONS } from "../../../src/exports/formats/registry.js";
import { keysOf } from "../../../src/lang/keys-of.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import {
  classNamesOf,
  IDENTITY,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";
import { imageFile } from "../../testkit/files/images.js";
import { testLog } from "../../testkit/postgres/database.js";

const CONFIG = parseConfig(process.env);
const NETWORK = { ...SMALL_NETWORK, architecture: "VGG13", batchNormalization: true } as const;

let engine: EngineWithFolder;
let images: ExportJob["calibration"];
before(async () => {
  engine = await startEngineWithFolder(CONFIG.threads);
  await writeRandomModel(engine.host, NETWORK, path.join(engine.folder, "model"));
  const blobs = new FolderBlobStore(path.join(engine.folder, "blobs"));
  images = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => ({
      contentHash: await blobs.put(await imageFile(index)),
      classIndex: index % NETWORK.classCount,
    })),
  );
});
after(() => engine[Symbol.asyncDispose]());

async function jobOf(name: string, wanted: Pick<ExportJob, "format" | "precision">): Promise<ExportJob> {
  const { addonFile } = await provideNativeLibrary(CONFIG, () => {});
  const folder = path.join(engine.folder, name);
  const workFolder = path.join(folder, "work");
  await mkdir(workFolder, { recursive: true });
  return {
    ...wanted,
    modelFolder: path.join(engine.folder, "model"),
    network: NETWORK,
    classNames: classNamesOf(NETWORK),
    identity: IDENTITY,
    calibration: wanted.precision === "INT8" ? images : [],
    proof: { split: "TEST", images },
    file: path.join(folder, `flowers-3${EXPORT_FORMAT_DEFINITIONS[wanted.format]?.extension}`),
    workFolder,
    blobsFolder: path.join(engine.folder, "blobs"),
    cacheFolder: CONFIG.cacheFolder,
    python: process.env.ESPALIER_TEST_PYTHON || null,
    threads: CONFIG.threads,
    addonFile,
    limits: CONFIG.limits,
  };
}

for (const format of keysOf(EXPORT_FORMAT_DEFINITIONS)) {
  for (const precision of EXPORT_FORMAT_DEFINITIONS[format]?.precisions ?? []) {
    test(`an export as ${format} in ${precision} is proven, and has the same bytes again`, async () => {
      const stages = new Set<ExportStage>();
      const watch = {
        log: testLog,
        onProgress: (stage: ExportStage) => void stages.add(stage),
        onLine: () => {},
      };
      const job = await jobOf(`${format}-${precision}`, { format, precision });
      const outcome = await carryOut(job, watch);
      const again = await carryOut(await jobOf(`${format}-${precision}-again`, { format, precision }), watch);

      assert.equal(outcome.sizeBytes, (await stat(job.file)).size);
      assert.equal(again.sha256, outcome.sha256);
      const measured = ["WRITING", "PROVING"];
      assert.deepEqual([...stages], precision === "INT8" ? ["CALIBRATING", ...measured] : measured);
      const { proof } = outcome;
      if (format === "KERAS" && proof.status === "NOT_PROVEN") return;
      assert.ok(proof.status === "PROVEN");
      assert.equal(proof.imageCount, images.length);
      assert.equal(proof.split, "TEST");
      assert.ok(proof.millisecondsPerImage > 0 && proof.originalMillisecondsPerImage > 0);
      if (precision === "INT8") return;
      assert.equal(proof.top1Agreement, 1);
      assert.equal(proof.accuracy, proof.originalAccuracy);
      assert.ok(proof.maximumProbabilityDifference < (precision === "FLOAT32" ? 1e-5 : 2e-3));
    });
  }
}

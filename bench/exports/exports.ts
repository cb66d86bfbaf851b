import { openAsBlob } from "node:fs";
import path from "node:path";
import type { ExportFormat, ExportPrecision } from "../../src/client/generated/graphql.js";
import { importDataset } from "../../src/client/import-dataset.js";
import { existingFile, optional } from "../../src/client/options.js";
import { uploadFile } from "../../src/client/upload-file.js";
import { type BenchContext, type Benchmark, benchmark } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { provideImages } from "../images/provide-images.js";
import { trainModel } from "../runs/train-model.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { WorkFolder } from "../server/work-folder.js";
import { exportVersion, type FinishedExport } from "./export-version.js";
import { EXPORTED_MODELS, type ExportedModel } from "./exported-models.js";

const OPTIONS = {
  data: optional(existingFile("<archive>", "images in class folders, instead of drawn ones")),
} as const;

/** Every format in each of its precisions. */
const COMBINATIONS: readonly { readonly format: ExportFormat; readonly precision: ExportPrecision }[] = [
  { format: "SAVED_MODEL", precision: "FLOAT32" },
  { format: "KERAS", precision: "FLOAT32" },
  { format: "TFLITE", precision: "FLOAT32" },
  { format: "TFLITE", precision: "FLOAT16" },
  { format: "TFLITE", precision: "INT8" },
  { format: "ONNX", precision: "FLOAT32" },
  { format: "ONNX", precision: "FLOAT16" },
  { format: "ONNX", precision: "INT8" },
];

const DRAWN_IMAGES = 1_500;
const SPLIT = { validation: 0.1, test: 0.1 };

/** An export with the model that it is of. */
interface Result {
  readonly model: ExportedModel;
  readonly finished: FinishedExport;
}

/** Trains models of every family, exports each in every format and precision, and sums up the proofs. */
export const exports: Benchmark = benchmark(
  "exports",
  "exports of every format with their proofs",
  OPTIONS,
  async ({ data }, context) => {
    await using work = await WorkFolder.create();
    const source = path.join(work.imagesFolder, "source");
    if (data === null)
      await provideImages({ dataFile: null, atLeast: DRAWN_IMAGES, folder: source }, context);
    return await work.serve(context, async (server) => {
      const origin =
        data === null
          ? { folder: "source" }
          : { uploadId: await uploadFile(server.api, await openAsBlob(data)) };
      const dataset = await importDataset(server.api, { dataset: "images", source: origin, split: SPLIT });
      const results: Result[] = [];
      for (const model of EXPORTED_MODELS) {
        context.signal.throwIfAborted();
        results.push(...(await exportModel(server, dataset.ref, model, context)));
      }
      return {
        figures: figuresOf(results),
        settings: { models: EXPORTED_MODELS.length, threads: server.threads },
      };
    });
  },
);

async function exportModel(
  server: MeasuredServer,
  dataset: string,
  model: ExportedModel,
  context: BenchContext,
): Promise<readonly Result[]> {
  const { api } = server;
  const { ref: modelVersion } = await trainModel(
    server,
    { model: model.name, dataset, configuration: model.configuration },
    context,
  );
  const results: Result[] = [];
  for (const combination of COMBINATIONS) {
    const { proofImages } = model;
    const finished = await exportVersion(api, { modelVersion, proofImages, ...combination });
    context.report(lineOf(finished));
    results.push({ model, finished });
  }
  return results;
}

function lineOf({ format, precision, state, proof, failure, rejectionReasons }: FinishedExport): string {
  const why = failure?.message ?? rejectionReasons.join(" ");
  const figures =
    proof?.status === "PROVEN"
      ? `agreement ${proof.top1Agreement}, difference ${proof.maximumProbabilityDifference}, ` +
        `accuracy ${proof.accuracy} (${proof.originalAccuracy}), ` +
        `${proof.millisecondsPerImage?.toFixed(2)} ms (${proof.originalMillisecondsPerImage?.toFixed(2)})`
      : (proof?.status ?? "");
  return `${format} ${precision}: ${state} ${figures} ${why}`.trimEnd();
}

/** Counts by state, and the worst value of each figure that has a bound. */
function figuresOf(results: readonly Result[]): Readonly<Record<string, number>> {
  const withState = (state: FinishedExport["state"]): number =>
    results.filter(({ finished }) => finished.state === state).length;
  const proofs = (precision: ExportPrecision, trainedOnly = false) =>
    results.flatMap(({ finished, model }) => {
      const { proof } = finished;
      const counts = finished.precision === precision && (model.isTrained || !trainedOnly);
      return counts && proof?.status === "PROVEN" ? [proof] : [];
    });
  const worstAgreement = (found: ReturnType<typeof proofs>): number =>
    rounded(Math.min(...found.map(({ top1Agreement }) => top1Agreement ?? 0)));
  const worstDifference = (found: ReturnType<typeof proofs>): number =>
    Math.max(...found.map((proof) => proof.maximumProbabilityDifference ?? 1));
  const worstLoss = (found: ReturnType<typeof proofs>): number =>
    rounded(
      Math.max(...found.map(({ accuracy, originalAccuracy }) => (originalAccuracy ?? 1) - (accuracy ?? 0))),
    );
  const int8 = results.filter(({ model, finished }) => model.isTrained && finished.precision === "INT8");
  return {
    exports: results.length,
    ready: withState("READY"),
    rejected: withState("REJECTED"),
    failed: withState("FAILED"),
    notProven: results.filter(({ finished }) => finished.proof?.status === "NOT_PROVEN").length,
    int8OfTrained: int8.length,
    int8OfTrainedReady: int8.filter(({ finished }) => finished.state === "READY").length,
    float32WorstDifference: worstDifference(proofs("FLOAT32")),
    float32WorstAgreement: worstAgreement(proofs("FLOAT32")),
    float16WorstAgreement: worstAgreement(proofs("FLOAT16")),
    int8WorstAgreement: worstAgreement(proofs("INT8", true)),
    int8WorstAccuracyLoss: worstLoss(proofs("INT8", true)),
  };
}

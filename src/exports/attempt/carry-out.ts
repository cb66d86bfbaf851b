import { mkdir } from "node:fs/promises";
import path from "node:path";
import { hasCode } from "../../core/app-error.js";
import { FolderBlobStore } from "../../data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../data/images/decoder.js";
import { restoreCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import { CheckpointReader } from "../../engine/checkpoints/checkpoint-reader.js";
import { EngineHost } from "../../engine/engine-host.js";
import { digestFile } from "../../engine/folder-digest.js";
import type { OfficialRuntime } from "../../engine/runtimes/official-runtime.js";
import { tensorflowRuntime } from "../../engine/runtimes/tensorflow-runtime.js";
import { buildServingGraph } from "../../graph/architectures/serving-graph.js";
import type { ExportFormatDefinition } from "../formats/format.js";
import { formatOf } from "../formats/registry.js";
import { calibrate } from "../network/calibration.js";
import { ExportedNetwork } from "../network/exported-network.js";
import type { ExportProof } from "../proof.js";
import { decodedBatches, type StoredImage } from "../proving/decoded-images.js";
import { type LabeledBatch, prove } from "../proving/prove.js";
import type { ExportJob, ExportOutcome, ExportStage, ExportWatch } from "./job.js";

/** Images that are classified together; more would only need more memory. */
const BATCH_SIZE = 16;

/**
 * Carries out an export: measures the ranges of activations if the precision needs them, writes the file, and proves it in
 * the official runtime of its format. Runs in a process of its own, because it keeps processors busy and calls native
 * libraries.
 *
 * @throws AppError `WEIGHTS_NOT_FINITE`, `RUNTIME_UNAVAILABLE`, `BLOB_MISSING`, `BLOB_DAMAGED`, `ENGINE_ERROR`
 */
export async function carryOut(job: ExportJob, watch: ExportWatch): Promise<ExportOutcome> {
  await using host = await EngineHost.start({
    nativeLibrary: { addonFile: job.addonFile, kernelsFile: null },
    threads: job.threads,
    workFolder: path.join(job.workFolder, "engine"),
    log: watch.log,
  });
  const attempt = new ExportAttempt(job, watch, host);
  const startedMs = performance.now();
  const network = await attempt.write();
  const writingSeconds = (performance.now() - startedMs) / 1000;
  const digest = await digestFile(job.file);
  return { ...digest, writingSeconds, proof: await attempt.prove(network) };
}

class ExportAttempt {
  readonly #job: ExportJob;
  readonly #watch: ExportWatch;
  readonly #host: EngineHost;
  readonly #format: ExportFormatDefinition;

  constructor(job: ExportJob, watch: ExportWatch, host: EngineHost) {
    this.#job = job;
    this.#watch = watch;
    this.#host = host;
    this.#format = formatOf(job.format);
  }

  /** Writes the file. @returns the network whose weights are not open any more */
  async write(): Promise<ExportedNetwork> {
    const { precision, file, modelFolder } = this.#job;
    await using variables = await CheckpointReader.open(
      this.#host,
      path.join(modelFolder, "variables", "variables"),
    );
    const float = this.#networkOf(variables, null);
    const network = precision === "INT8" ? this.#networkOf(variables, await this.#calibrated(float)) : float;
    this.#watch.onProgress("WRITING", 0, 0);
    const tools = { engine: this.#host, workFolder: await this.#folder("writing") };
    await this.#format.write(network, precision, file, tools);
    return network;
  }

  async prove(network: ExportedNetwork): Promise<ExportProof> {
    const { format, proof, file, cacheFolder, python, threads } = this.#job;
    if (proof.images.length === 0) {
      return { status: "NOT_PROVEN", reason: "The dataset version has neither test nor validation images." };
    }
    const context = {
      startEngine: async () => this.#host,
      network,
      workFolder: await this.#folder("proving"),
      cacheFolder,
      python,
      threads,
      progress: this.#watch.onLine,
    };
    let exported: OfficialRuntime;
    try {
      exported = await this.#format.openRuntime(file, context);
    } catch (error) {
      // Nobody is obliged to have a Python with Keras.
      if (format === "KERAS" && python === null && hasCode(error, "RUNTIME_UNAVAILABLE")) {
        return { status: "NOT_PROVEN", reason: error.message };
      }
      throw error;
    }
    await using runtime = exported;
    await using original = await this.#original();
    const batches = this.#batches(proof.images);
    const total = proof.images.length;
    const onProgress = (done: number): void => this.#watch.onProgress("PROVING", done, total);
    return await prove(original, runtime, { split: proof.split, batches, onProgress });
  }

  #networkOf(
    variables: CheckpointReader,
    ranges: ConstructorParameters<typeof ExportedNetwork>[3],
  ): ExportedNetwork {
    const { network, classNames, identity } = this.#job;
    return new ExportedNetwork(network, classNames, identity, ranges, variables);
  }

  async #calibrated(network: ExportedNetwork) {
    const { calibration } = this.#job;
    const batches = this.#counted("CALIBRATING", calibration);
    return calibrate(this.#host, network, batches, await this.#folder("calibrating"));
  }

  async *#counted(stage: ExportStage, images: readonly StoredImage[]): AsyncGenerator<LabeledBatch> {
    let done = 0;
    this.#watch.onProgress(stage, done, images.length);
    for await (const batch of this.#batches(images)) {
      yield batch;
      done += batch.count;
      this.#watch.onProgress(stage, done, images.length);
    }
  }

  #batches(images: readonly StoredImage[]): AsyncGenerator<LabeledBatch> {
    const { network, blobsFolder, limits } = this.#job;
    return decodedBatches(images, BATCH_SIZE, network.imageSizePixels, {
      blobs: new FolderBlobStore(blobsFolder),
      decoder: new ImageDecoder(limits),
    });
  }

  /** The model version itself, in float32. */
  async #original(): Promise<OfficialRuntime> {
    const { network, modelFolder } = this.#job;
    const session = await this.#host.openGraph(buildServingGraph({ ...network, precision: "FLOAT32" }));
    try {
      await restoreCheckpoint(session, path.join(modelFolder, "variables"));
      return tensorflowRuntime(this.#host, session, network.imageSizePixels);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #folder(name: string): Promise<string> {
    const folder = path.join(this.#job.workFolder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }
}

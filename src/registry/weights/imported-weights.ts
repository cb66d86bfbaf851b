import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import { DurableFile, sha256Of, syncFolder } from "../../data/blobs/durable-file.js";
import { saveCheckpoint } from "../../engine/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { TensorValue } from "../../engine/engine-protocol.js";
import { digestFolder } from "../../engine/folder-digest.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { jsonOf } from "../../lang/json.js";
import type { Log } from "../../telemetry/log.js";
import { buildAssignmentGraph } from "./assignment-graph.js";
import { fitWeights } from "./fit-weights.js";
import type { InitialVariables } from "./initial-variables.js";
import type { ImportedVariable } from "./layouts/imported-variable.js";
import { offerWeights } from "./layouts/offer-weights.js";
import { openWeightsFile } from "./weights-file.js";

/** Increase it when a file is converted to other values, so that earlier conversions are not used. */
const CONVERSION_VERSION = 2;

const WEIGHTS_FILE = {
  name: "The weights file of the run",
  remedy: "Upload it again, and launch another run.",
};

/** The record of a conversion, which is written after it; a conversion without a record is incomplete. */
const CONVERSION_RECORD = z.object({
  /** The digest of the checkpoint's files. */
  sha256: z.string(),
  variables: z.array(z.string()).readonly(),
});
type ConversionRecord = z.infer<typeof CONVERSION_RECORD>;

/** A kept file that becomes the checkpoint of a network. */
interface Conversion {
  readonly sha256: string;
  readonly network: NetworkSpec;
  readonly host: EngineHost;
  readonly folder: string;
  readonly epsilon: number | null;
}

/**
 * Files of weights that other programs wrote. They are kept as blobs, and converted into a checkpoint
 * once for every network that starts from them.
 */
export class ImportedWeights {
  readonly #blobs: BlobStore;
  readonly #folder: string;
  readonly #log: Log;
  /** The conversions in progress, by folder. */
  readonly #converting = new Map<string, Promise<InitialVariables>>();

  constructor(options: { blobs: BlobStore; homeFolder: string; log: Log }) {
    this.#blobs = options.blobs;
    this.#folder = path.join(options.homeFolder, "weights");
    this.#log = options.log;
  }

  /**
   * Checks a file against a network and keeps it.
   *
   * @param epsilon see `offerWeights`
   * @returns the SHA-256 that it is kept under
   * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
   */
  async keep(file: string, network: NetworkSpec, epsilon: number | null = null): Promise<string> {
    await checkFits(file, network, epsilon);
    return this.#blobs.putStream(createReadStream(file));
  }

  /**
   * Provides the values of a kept file as a checkpoint, and converts the file if necessary.
   *
   * @param host runs the conversion
   * @param epsilon see `offerWeights`
   * @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
   */
  async provide(
    sha256: string,
    network: NetworkSpec,
    host: EngineHost,
    epsilon: number | null = null,
  ): Promise<InitialVariables> {
    const shapes = networkVariables(network).map(({ name, shape }) => [name, shape]);
    const key = sha256Of(Buffer.from(JSON.stringify([CONVERSION_VERSION, shapes, epsilon])));
    const folder = path.join(this.#folder, sha256, key);
    const underWay = this.#converting.get(folder);
    if (underWay !== undefined) return underWay;
    const conversion = this.#convertOnce({ sha256, network, host, folder, epsilon }).finally(() => {
      this.#converting.delete(folder);
    });
    this.#converting.set(folder, conversion);
    return conversion;
  }

  async #convertOnce({ sha256, network, host, folder, epsilon }: Conversion): Promise<InitialVariables> {
    const earlier = await readRecord(folder);
    if (earlier !== null) return { folder, variables: earlier.variables };
    await this.#blobs.verify(sha256, WEIGHTS_FILE);
    await using weights = await openWeightsFile(await this.#blobs.localFile(sha256));
    const offer = offerWeights(weights.content, network, epsilon);
    const { copied: variables, random } = fitWeights(network, offer);
    const checkpoint = await writeCheckpoint(host, network, offer.variables, variables, folder);
    await this.#writeRecord(folder, { sha256: checkpoint.sha256, variables });
    this.#log.info("converted imported weights", {
      sha256,
      written: weights.content.naming,
      variables: variables.length,
      startAtRandom: random.map(({ variable }) => variable),
    });
    return { folder, variables };
  }

  async #writeRecord(folder: string, record: ConversionRecord): Promise<void> {
    await using file = await DurableFile.create(this.#folder);
    await file.handle.writeFile(JSON.stringify(record));
    await file.finish(recordOf(folder));
    await syncFolder(path.dirname(folder));
  }
}

/** @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH` */
async function checkFits(file: string, network: NetworkSpec, epsilon: number | null): Promise<void> {
  await using weights = await openWeightsFile(file);
  const offer = offerWeights(weights.content, network, epsilon);
  for (const name of fitWeights(network, offer).copied) await offer.variables.get(name)?.check();
}

/** Assigns one group of variables after the other, so that a large file is never in memory as a whole. */
async function writeCheckpoint(
  host: EngineHost,
  network: NetworkSpec,
  offered: ReadonlyMap<string, ImportedVariable>,
  names: readonly string[],
  folder: string,
): Promise<{ readonly sha256: string }> {
  const wanted = networkVariables(network).filter(({ name }) => names.includes(name));
  const { graph, groups } = buildAssignmentGraph(wanted);
  await using session = await host.openGraph(graph);
  for (const [signature, group] of groups) {
    const values: Record<string, TensorValue> = {};
    for (const { name, shape } of group) {
      const variable = offered.get(name);
      if (variable === undefined) throw new Error(`The file fits, but offers no ${name}.`);
      values[name] = { dtype: "float32", shape, data: await variable.read() };
    }
    await session.run(signature, values);
  }
  // Awaited here: the session must outlive it.
  return await saveCheckpoint(session, folder);
}

function recordOf(folder: string): string {
  return `${folder}.json`;
}

/** Null when there is no conversion, or its files are not what was written. */
async function readRecord(folder: string): Promise<ConversionRecord | null> {
  const [record, found] = await Promise.all([
    readFile(recordOf(folder), "utf8").then(
      (text) => CONVERSION_RECORD.safeParse(jsonOf(text)).data ?? null,
      () => null,
    ),
    digestFolder(folder).catch(() => null),
  ]);
  return record !== null && found?.sha256 === record.sha256 ? record : null;
}

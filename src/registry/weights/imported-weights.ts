import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { INITIALIZATION_REPORT, type InitializationReport } from "../../core/runs/initialization-report.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import { DurableFile, sha256Of, syncFolder } from "../../data/blobs/durable-file.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { digestFolder } from "../../engine/folder-digest.js";
import { PREDICTIONS } from "../../graph/architectures/head.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { jsonOf } from "../../lang/json.js";
import type { Log } from "../../telemetry/log.js";
import { fitWeights } from "./fit-weights.js";
import type { InitialVariables } from "./initial-variables.js";
import type { ImportedOffer, ImportedVariable } from "./layouts/imported-variable.js";
import { offerWeights } from "./layouts/offer-weights.js";
import { type FileFindings, reportOf } from "./report.js";
import { writeVariableCheckpoint } from "./variable-checkpoint.js";
import type { WantedWeights } from "./wanted-weights.js";
import { openWeightsFile } from "./weights-file.js";

/** Increase it when a file is converted to other values, so that earlier conversions are not used. */
const CONVERSION_VERSION = 3;

const WEIGHTS_FILE = {
  name: "The weights file of the run",
  remedy: "Upload it again, and launch another run.",
};
const UPLOADED = "uploaded file";

/** The record of a conversion, which is written after it; a conversion without a record is incomplete. */
const CONVERSION_RECORD = z.object({
  /** The digest of the checkpoint's files. */
  sha256: z.string(),
  variables: z.array(z.string()).readonly(),
  classes: z
    .object({ sourceCount: z.number(), positions: z.array(z.number().nullable()).readonly() })
    .readonly()
    .nullable(),
  report: INITIALIZATION_REPORT.readonly(),
});
type ConversionRecord = z.infer<typeof CONVERSION_RECORD>;

/** A file that is converted. */
export interface SourceFile {
  /** Tells it from all other files: a digest. */
  readonly key: string;
  /** For people. */
  readonly name: string;
  /** Returns its path once it is there and unchanged. */
  readonly locate: () => Promise<string>;
}

/** A kept file, and what a run takes from it. */
export interface KeptWeights {
  readonly sha256: string;
  readonly report: InitializationReport;
  /** The epsilon that had to be assumed, because neither the file nor the run states it; null: none. */
  readonly assumedEpsilon: number | null;
  /** Why its last layer is copied by position although the file has something about its classes, as a clause; or null. */
  readonly classNamesFlaw: string | null;
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
   * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
   */
  async keep(file: string, wanted: WantedWeights): Promise<KeptWeights> {
    const inspected = await inspect(file, wanted);
    return { sha256: await this.#blobs.putStream(createReadStream(file)), ...inspected };
  }

  /**
   * Provides the values of a kept file as a checkpoint, and converts the file if necessary.
   *
   * @param host runs the conversion
   * @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
   */
  async provide(sha256: string, wanted: WantedWeights, host: EngineHost): Promise<InitialVariables> {
    const locate = async (): Promise<string> => {
      await this.#blobs.verify(sha256, WEIGHTS_FILE);
      return this.#blobs.localFile(sha256);
    };
    return this.convert({ key: sha256, name: UPLOADED, locate }, wanted, host);
  }

  /** Like `provide`, for any file. */
  async convert(source: SourceFile, wanted: WantedWeights, host: EngineHost): Promise<InitialVariables> {
    const { network, classNames, epsilon } = wanted;
    const shapes = networkVariables(network).map(({ name, shape }) => [name, shape]);
    const key = sha256Of(Buffer.from(JSON.stringify([CONVERSION_VERSION, shapes, classNames, epsilon])));
    const folder = path.join(this.#folder, source.key, key);
    const earlier = await readConversion(folder);
    if (earlier !== null) return earlier;
    // Each caller waits for the file by itself: one that stops must not stop the others.
    const file = await source.locate();
    const underWay = this.#converting.get(folder);
    if (underWay !== undefined) return underWay;
    const conversion = this.#convertOnce(source.name, file, wanted, host, folder).finally(() => {
      this.#converting.delete(folder);
    });
    this.#converting.set(folder, conversion);
    return conversion;
  }

  async #convertOnce(
    name: string,
    file: string,
    wanted: WantedWeights,
    host: EngineHost,
    folder: string,
  ): Promise<InitialVariables> {
    const earlier = await readConversion(folder);
    if (earlier !== null) return earlier;
    const { network, classNames, epsilon } = wanted;
    await using weights = await openWeightsFile(file);
    const offer = offerWeights(weights.content, network, epsilon);
    const fitted = fitWeights(network, offer, classNames);
    const { copied: variables, classes } = fitted;
    const report = reportOf(name, wanted, offer, fitted, findingsOf(offer));
    const stored = { ...network, classCount: classes?.sourceCount ?? network.classCount };
    const checkpoint = await writeCheckpoint(host, stored, offer.variables, variables, folder);
    await this.#writeRecord(folder, { sha256: checkpoint.sha256, variables, classes, report });
    this.#log.info("converted imported weights", {
      file: path.basename(file),
      written: weights.content.naming,
      variables: variables.length,
      startAtRandom: report.random.map(({ variable }) => variable),
    });
    return { folder, variables, classes, report };
  }

  async #writeRecord(folder: string, record: ConversionRecord): Promise<void> {
    await using file = await DurableFile.create(this.#folder);
    await file.handle.writeFile(JSON.stringify(record));
    await file.finish(recordOf(folder));
    await syncFolder(path.dirname(folder));
  }
}

/**
 * Reads all weights that a run would take from an uploaded file.
 *
 * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
 */
async function inspect(file: string, wanted: WantedWeights): Promise<Omit<KeptWeights, "sha256">> {
  const { network, classNames, epsilon } = wanted;
  await using weights = await openWeightsFile(file);
  const offer = offerWeights(weights.content, network, epsilon);
  const fitted = fitWeights(network, offer, classNames);
  for (const name of fitted.copied) await offer.variables.get(name)?.check();
  const { assumedEpsilon } = offer;
  const isByPosition = classNames !== null && fitted.copied.includes(`${PREDICTIONS}/kernel`);
  return {
    report: reportOf(UPLOADED, wanted, offer, fitted, findingsOf(offer)),
    assumedEpsilon,
    classNamesFlaw: isByPosition ? offer.classNamesFlaw : null,
  };
}

function findingsOf({ found, ignored, unstatedEpsilon }: ImportedOffer): FileFindings {
  return { ...found, ignored, epsilon: unstatedEpsilon };
}

function writeCheckpoint(
  host: EngineHost,
  network: NetworkSpec,
  offered: ReadonlyMap<string, ImportedVariable>,
  names: readonly string[],
  folder: string,
): Promise<{ readonly sha256: string }> {
  const wanted = networkVariables(network).filter(({ name }) => names.includes(name));
  const read = ({ name }: { readonly name: string }): Promise<Float32Array> => {
    const variable = offered.get(name);
    if (variable === undefined) throw new Error(`The file fits, but offers no ${name}.`);
    return variable.read();
  };
  return writeVariableCheckpoint(host, wanted, read, folder);
}

function recordOf(folder: string): string {
  return `${folder}.json`;
}

/** Null when there is no conversion, or its files are not what was written. */
async function readConversion(folder: string): Promise<InitialVariables | null> {
  const [record, found] = await Promise.all([
    readFile(recordOf(folder), "utf8").then(
      (text) => CONVERSION_RECORD.safeParse(jsonOf(text)).data ?? null,
      () => null,
    ),
    digestFolder(folder).catch(() => null),
  ]);
  if (record === null || found?.sha256 !== record.sha256) return null;
  const { variables, classes, report } = record;
  return { folder, variables, classes, report };
}

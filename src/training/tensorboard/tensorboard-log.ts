import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { EpochRecord } from "../../core/run-events.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { Session } from "../../engine/session.js";
import type { NewArtifact } from "../record/artifact-store.js";
import type { RunRecord } from "../record/run-records.js";
import { histogramSummaries, scalarSummaries } from "./epoch-summaries.js";
import type { Moment, Summary } from "./event.js";
import { EventFile, type EventFileState } from "./event-file.js";
import { firstPictures } from "./first-pictures.js";

/** Below the run's own folder. */
const FOLDER = "tensorboard";

/** Makes a PNG file of the RGB bytes of a square picture. */
export interface PngEncoder {
  encodePng(pixels: Uint8Array, sizePixels: number): Promise<Uint8Array>;
}

/** What an epoch's summaries are taken from. */
export interface SummarySources {
  readonly session: Session;
  /** Of the pictures themselves, whatever the run trains on. */
  readonly pictures: ShardReader;
  /** Names of the variables that learn, in the order of the graph's. */
  readonly trainableVariables: readonly string[];
}

/** What TensorBoard shows of a run: one file of events, which grows by the epoch. */
export class TensorBoardLog implements AsyncDisposable {
  private constructor(
    private readonly run: RunRecord,
    private readonly runFolder: string,
    private readonly file: EventFile,
    private readonly encoder: PngEncoder,
  ) {}

  /**
   * Goes on after what the file of an earlier attempt held when `from` was reached, in a file of its own: an
   * attempt that was replaced, and does not know it yet, may still write to its own.
   *
   * @param earlier path below the run's folder; null: there was no attempt before
   */
  static async open(
    run: RunRecord,
    runFolder: string,
    encoder: PngEncoder,
    from: Moment,
    earlier: string | null,
  ): Promise<TensorBoardLog> {
    const source = earlier === null ? null : path.join(runFolder, earlier);
    const file = await EventFile.open(path.join(runFolder, fileOf(run)), from, source);
    return new TensorBoardLog(run, runFolder, file, encoder);
  }

  async removeEarlier(): Promise<void> {
    const folder = path.join(this.runFolder, FOLDER);
    const own = path.basename(path.dirname(fileOf(this.run)));
    for (const name of await readdir(folder)) {
      if (name !== own) await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }

  /** The file as it is, for a transaction to record. */
  get artifact(): NewArtifact {
    return this.#artifactOf(this.file.state);
  }

  /**
   * Appends the epoch's metrics, weights and first pictures.
   *
   * @param sources null when the weights are not worth a look: the run diverged
   */
  async append(epoch: EpochRecord, moment: Moment, sources: SummarySources | null): Promise<NewArtifact> {
    const summaries = [...scalarSummaries(epoch, moment.step)];
    if (sources !== null) {
      const { session, trainableVariables } = sources;
      summaries.push(...histogramSummaries(await session.run("histograms", {}), trainableVariables));
      summaries.push(...(await this.#pictures(sources, epoch.number)));
    }
    return this.#artifactOf(await this.file.append(moment, summaries));
  }

  async #pictures({ session, pictures }: SummarySources, epoch: number): Promise<readonly Summary[]> {
    const { configuration } = this.run;
    const { imageSizePixels: sizePixels } = configuration;
    const shown = await firstPictures(session, pictures, configuration, epoch);
    return Promise.all(
      shown.map(async (pixels, index): Promise<Summary> => {
        const png = await this.encoder.encodePng(pixels, sizePixels);
        return { kind: "picture", tag: `pictures/${index}`, sizePixels, png };
      }),
    );
  }

  #artifactOf(state: EventFileState): NewArtifact {
    const file = fileOf(this.run);
    return { name: path.basename(file), file, ...state };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.file[Symbol.asyncDispose]();
  }
}

/** Name of the artifact: one that TensorBoard looks for, equal for every attempt. */
export function tensorBoardName({ createdAt }: Pick<RunRecord, "createdAt">): string {
  return `events.out.tfevents.${Math.floor(createdAt.getTime() / 1000)}.espalier`;
}

function fileOf(run: RunRecord): string {
  return path.posix.join(FOLDER, `attempt-${run.attempt}`, tensorBoardName(run));
}

import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { EpochRecord } from "../../core/runs/events.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { Session } from "../../engine/session.js";
import type { NewArtifact } from "../record/artifact-store.js";
import type { RunRecord } from "../record/run-records.js";
import { histogramSummaries, scalarSummaries } from "./epoch-summaries.js";
import type { Moment, Summary } from "./event.js";
import { EventFile, type EventFileState } from "./event-file.js";
import { firstImages } from "./first-images.js";

/** Folder below the folder of the run. */
const FOLDER = "tensorboard";

/** Encodes the RGB bytes of a square image as a PNG file. */
export interface PngEncoder {
  encodePng(pixels: Uint8Array, sizePixels: number): Promise<Uint8Array>;
}

/** The sources of the summaries of an epoch. */
export interface SummarySources {
  readonly session: Session;
  /** Reads the images, also for a run that trains on cached features. */
  readonly images: ShardReader;
  /** Names of the trainable variables, in the order of the graph. */
  readonly trainableVariables: readonly string[];
}

/** The file of events with which TensorBoard shows a run. It grows with every epoch. */
export class TensorBoardLog implements AsyncDisposable {
  private constructor(
    private readonly run: RunRecord,
    private readonly runFolder: string,
    private readonly file: EventFile,
    private readonly encoder: PngEncoder,
  ) {}

  /**
   * Opens a new file that continues the file of an earlier attempt after `from`. Every attempt has its own file, because
   * an attempt that was replaced may still write to its file until it learns of it.
   *
   * @param earlier path below the folder of the run; null when this is the first attempt
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

  /** The current file, which a transaction records. */
  get artifact(): NewArtifact {
    return this.#artifactOf(this.file.state);
  }

  /**
   * Appends the metrics, histograms and first images of an epoch.
   *
   * @param sources null when the run diverged, so that its weights are useless
   */
  async append(epoch: EpochRecord, moment: Moment, sources: SummarySources | null): Promise<NewArtifact> {
    const summaries = [...scalarSummaries(epoch, moment.step)];
    if (sources !== null) {
      const { session, trainableVariables } = sources;
      summaries.push(...histogramSummaries(await session.run("histograms", {}), trainableVariables));
      summaries.push(...(await this.#firstImages(sources, epoch.number)));
    }
    return this.#artifactOf(await this.file.append(moment, summaries));
  }

  async #firstImages({ session, images }: SummarySources, epoch: number): Promise<readonly Summary[]> {
    const { configuration } = this.run;
    const { imageSizePixels: sizePixels } = configuration;
    const shown = await firstImages(session, images, configuration, epoch);
    return Promise.all(
      shown.map(async (pixels, index): Promise<Summary> => {
        const png = await this.encoder.encodePng(pixels, sizePixels);
        return { kind: "image", tag: `pictures/${index}`, sizePixels, png };
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

/** Name of the artifact: TensorBoard looks for such names. It is the same for all attempts. */
export function tensorBoardName({ createdAt }: Pick<RunRecord, "createdAt">): string {
  return `events.out.tfevents.${Math.floor(createdAt.getTime() / 1000)}.espalier`;
}

function fileOf(run: RunRecord): string {
  return path.posix.join(FOLDER, `attempt-${run.attempt}`, tensorBoardName(run));
}

import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "../../data/blobs/durable-file.js";
import { whenMissing } from "../../lang/system-errors.js";
import { formatEvent, type Moment, type Summary, stepOf, summaryEvent } from "./event.js";
import { frameRecord, readRecords } from "./records.js";

/** The part of the file that has reached the disk. */
export interface EventFileState {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A growing file of TensorBoard events, which a resumed run continues. */
export class EventFile implements AsyncDisposable {
  private constructor(
    private readonly file: FileHandle,
    private readonly digest: Hash,
    private sizeBytes: number,
  ) {}

  /**
   * Creates the file and its folder.
   *
   * @param earlier a file that this one continues. Events of later steps than `from` and an unfinished event at its end
   *   are not copied, because the resumed run writes them again. Null, or a file that does not exist: none
   */
  static async open(file: string, from: Moment, earlier: string | null): Promise<EventFile> {
    await mkdir(path.dirname(file), { recursive: true });
    // The earlier file can be this one: the attempt had to begin again.
    const unfinished = `${file}.new`;
    const handle = await open(unfinished, "w", 0o600);
    try {
      const opened = new EventFile(handle, createHash("sha256"), 0);
      if (earlier !== null) await opened.#takeOver(earlier, from.step);
      if (opened.sizeBytes === 0) await opened.#write([formatEvent({ at: from.at, step: 0 })]);
      await handle.sync();
      await rename(unfinished, file);
      await syncFolder(path.dirname(file));
      return opened;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get state(): EventFileState {
    return { sizeBytes: this.sizeBytes, sha256: this.digest.copy().digest("hex") };
  }

  /** Appends the summaries of a moment. @returns once they have reached the disk */
  async append(moment: Moment, summaries: readonly Summary[]): Promise<EventFileState> {
    // One event for each summary: TensorBoard reads a file by events, and images are large.
    await this.#write(summaries.map((summary) => summaryEvent(moment, [summary])));
    await this.file.sync();
    return this.state;
  }

  async #takeOver(earlier: string, step: number): Promise<void> {
    const source = await open(earlier, "r").catch(whenMissing(null));
    if (source === null) return;
    try {
      for await (const { record, data } of readRecords(source)) {
        if (stepOf(data) > step) break;
        await this.#append(record);
      }
    } finally {
      await source.close();
    }
  }

  #write(events: readonly Uint8Array[]): Promise<void> {
    return this.#append(Buffer.concat(events.map(frameRecord)));
  }

  async #append(records: Uint8Array): Promise<void> {
    await this.file.appendFile(records);
    this.digest.update(records);
    this.sizeBytes += records.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }
}

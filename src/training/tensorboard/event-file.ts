import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "../../data/durable-file.js";
import { formatEvent, type Moment, type Summary, stepOf, summaryEvent } from "./event.js";
import { frameRecord, readRecords } from "./records.js";

/** How much of the file there is, once it is safe from a crash. */
export interface EventFileState {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A file of TensorBoard's events that grows, and goes on where a resumed run does. */
export class EventFile implements AsyncDisposable {
  private constructor(
    private readonly file: FileHandle,
    private readonly digest: Hash,
    private sizeBytes: number,
  ) {}

  /**
   * Opens the file, made with its folder when there is none. What it holds of later steps than `from`
   * is cut off, and so is what a crash left unfinished: whoever goes on from there writes it anew.
   */
  static async open(file: string, from: Moment): Promise<EventFile> {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(file, "a+", 0o600);
    try {
      const digest = createHash("sha256");
      let sizeBytes = 0;
      for await (const { record, data } of readRecords(handle)) {
        if (stepOf(data) > from.step) break;
        digest.update(record);
        sizeBytes += record.length;
      }
      await handle.truncate(sizeBytes);
      const opened = new EventFile(handle, digest, sizeBytes);
      if (sizeBytes === 0) await opened.#write([formatEvent({ at: from.at, step: 0 })]);
      await handle.sync();
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

  /** Appends what there is to see of a moment. @returns once a crash can no longer take it back */
  async append(moment: Moment, summaries: readonly Summary[]): Promise<EventFileState> {
    // One event each: TensorBoard reads a file by events, and pictures are large.
    await this.#write(summaries.map((summary) => summaryEvent(moment, [summary])));
    await this.file.sync();
    return this.state;
  }

  async #write(events: readonly Uint8Array[]): Promise<void> {
    const records = Buffer.concat(events.map(frameRecord));
    await this.file.appendFile(records);
    this.digest.update(records);
    this.sizeBytes += records.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }
}

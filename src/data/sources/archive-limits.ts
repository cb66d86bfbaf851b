import type { Limits } from "../../core/config.js";
import { unsafeArchive } from "./import-source.js";

/** The maximum expansion of an archive. Real collections of images stay far below it. */
const MAX_RATIO = 200;
/** Up to this size any ratio is allowed: a few blank images compress very well. */
const RATIO_FREE_BYTES = 256 * 1024 * 1024;

/** Counts the entries and unpacked bytes of an archive as it is read. Throws AppError `ARCHIVE_UNSAFE` at a limit. */
export class ArchiveLimits {
  #entries = 0;
  #unpackedBytes = 0;

  constructor(
    private readonly limits: Pick<Limits, "archiveEntries" | "archiveBytes">,
    private readonly archiveBytes: number,
  ) {}

  /** Counts one entry of any kind. */
  addEntry(): void {
    this.#entries++;
    if (this.#entries > this.limits.archiveEntries) {
      throw unsafeArchive(`it has more than ${this.limits.archiveEntries} entries`);
    }
  }

  addBytes(unpackedBytes: number): void {
    this.#unpackedBytes += unpackedBytes;
    if (this.#unpackedBytes > this.limits.archiveBytes) {
      throw unsafeArchive(`it unpacks to more than ${this.limits.archiveBytes} bytes`);
    }
    if (this.#unpackedBytes > Math.max(RATIO_FREE_BYTES, this.archiveBytes * MAX_RATIO)) {
      throw unsafeArchive(`it unpacks to more than ${MAX_RATIO} times its own ${this.archiveBytes} bytes`);
    }
  }
}

import type { Limits } from "../../core/config.js";
import { unsafeArchive } from "./import-source.js";

/** How far an archive may expand: real collections of pictures stay far below it. */
const LARGEST_RATIO = 200;
/** Below this the ratio says nothing: a few blank pictures shrink a lot. */
const RATIO_FREE_BYTES = 256 * 1024 * 1024;

/** Counts what an archive unpacks to while it is read, and stops it in time with `ARCHIVE_UNSAFE`. */
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
    if (this.#unpackedBytes > Math.max(RATIO_FREE_BYTES, this.archiveBytes * LARGEST_RATIO)) {
      throw unsafeArchive(
        `it unpacks to more than ${LARGEST_RATIO} times its own ${this.archiveBytes} bytes`,
      );
    }
  }
}

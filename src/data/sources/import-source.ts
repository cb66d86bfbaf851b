import { AppError } from "../../core/app-error.js";

/** One file of an import source. Junk is left out. */
export interface SourceFile {
  /** Path inside the source, with forward slashes. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * @throws ImageRejected when this file cannot be used, AppError when the whole source cannot
   */
  read(): Promise<Uint8Array>;
}

/** A folder or an archive that is being imported. */
export interface ImportSource extends AsyncDisposable {
  /** Null when it is only known at the end, as in a tar. */
  readonly filesTotal: number | null;
  /** Returns each file once. Several may be read at the same time. */
  files(): AsyncIterable<SourceFile>;
}

/** Files that operating systems and tools leave beside images. */
const JUNK = /^(\..+|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|@eaDir)$/i;

/** Whether a file is not part of the data: it is hidden, in a hidden folder, or made by an operating system. */
export function isJunk(name: string): boolean {
  return name.split("/").some((part) => JUNK.test(part));
}

/**
 * The name of an archive's entry, without the `./` that some writers put before it. No file is ever written under such
 * a name, but an archive with a name that points elsewhere is an attack, so the whole archive is refused.
 *
 * @throws AppError `ARCHIVE_UNSAFE`
 */
export function entryName(name: string): string {
  const reason = unsafeBecause(name);
  if (reason !== null) throw unsafeArchive(`entry ${JSON.stringify(name.slice(0, 200))} ${reason}`);
  return name.replace(/^(\.\/+)+/, "");
}

function unsafeBecause(name: string): string | null {
  if (name === "" || name.includes("\0")) return "has no valid name";
  if (/^[/\\]|^[a-z]:/i.test(name)) return "has an absolute path";
  if (name.split(/[/\\]/).includes("..")) return "points outside of the archive with `..`";
  if (name.length > MAX_NAME_LENGTH) return `has a name of more than ${MAX_NAME_LENGTH} characters`;
  return null;
}

const MAX_NAME_LENGTH = 4096;

export function unsafeArchive(what: string): AppError {
  return new AppError(
    "ARCHIVE_UNSAFE",
    `An archive may contain only files and folders below its own root: ${what}. Pack the images again.`,
  );
}

export function damagedArchive(what: string, cause?: unknown): AppError {
  return new AppError(
    "ARCHIVE_DAMAGED",
    `The archive cannot be read to its end: ${what}. Send the complete archive again.`,
    {
      cause,
    },
  );
}

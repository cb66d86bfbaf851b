import { AppError } from "../../core/app-error.js";

/** One file of an import source; junk is already left out. */
export interface SourceFile {
  /** Path inside the source, with forward slashes. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * @throws ImageRejected when this file alone cannot be used, AppError when the source cannot
   */
  read(): Promise<Uint8Array>;
}

/** A folder or an archive that is being imported. */
export interface ImportSource extends AsyncDisposable {
  /** Null when it is known only at the end, as in a tar. */
  readonly filesTotal: number | null;
  /** Each file once; several may be read at a time. */
  files(): AsyncIterable<SourceFile>;
}

/** What operating systems and tools leave beside pictures. */
const JUNK = /^(\..+|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|@eaDir)$/i;

/** Whether a file is no part of the data: hidden, or below something hidden, or a system's own. */
export function isJunk(name: string): boolean {
  return name.split("/").some((part) => JUNK.test(part));
}

/**
 * The name of an archive's entry, without the `./` that some writers put before it. Nothing is ever
 * written under such a name; but an archive with a name that leads elsewhere was made to harm, so none
 * of it is trusted.
 *
 * @throws AppError `ARCHIVE_UNSAFE`
 */
export function entryName(name: string): string {
  const reason = unsafeBecause(name);
  if (reason !== null) throw unsafeArchive(`entry ${JSON.stringify(name.slice(0, 200))} ${reason}`);
  return name.replace(/^(\.\/+)+/, "");
}

function unsafeBecause(name: string): string | null {
  if (name === "" || name.includes("\0")) return "has no proper name";
  if (/^[/\\]|^[a-z]:/i.test(name)) return "has an absolute path";
  if (name.split(/[/\\]/).includes("..")) return "leads out of the archive by `..`";
  if (name.length > LONGEST_NAME) return `has a name of more than ${LONGEST_NAME} characters`;
  return null;
}

const LONGEST_NAME = 4096;

export function unsafeArchive(what: string): AppError {
  return new AppError(
    "ARCHIVE_UNSAFE",
    `An archive may hold only files and folders below its own root: ${what}. Pack the pictures again.`,
  );
}

export function damagedArchive(what: string, cause?: unknown): AppError {
  return new AppError(
    "ARCHIVE_DAMAGED",
    `The archive cannot be read to its end: ${what}. Send it again, whole.`,
    {
      cause,
    },
  );
}

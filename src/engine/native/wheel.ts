import type { ErrorCode } from "../../core/error-codes.js";

/** A wheel on PyPI. */
export interface WheelFile {
  readonly project: string;
  /** Value for pip's `--platform`. */
  readonly platformTag: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A native library that is published in wheels, and in no other form. */
export interface WheelLibrary {
  /** "TensorFlow" */
  readonly name: string;
  readonly version: string;
  /** The wheels for all versions of Python contain the same libraries, so one version is pinned. */
  readonly python: string;
  /** The files that are unpacked; with a slash at the end, everything in a folder. */
  readonly unpacked: readonly string[];
  /** The unpacked files whose sizes are checked at every start. */
  readonly checked: readonly string[];
  /** The advice for a machine that cannot download anything; follows "or". */
  readonly alternative: string;
  readonly codes: { readonly downloadFailed: ErrorCode; readonly checksumMismatch: ErrorCode };
}

export interface LibraryWheel extends WheelFile {
  readonly library: WheelLibrary;
  /** Tells the builds of one version apart; null where there is one. */
  readonly build: string | null;
}

/** "TensorFlow 2.21.0 (cpu)" */
export function titleOf({ library, build }: LibraryWheel): string {
  const title = `${library.name} ${library.version}`;
  return build === null ? title : `${title} (${build})`;
}

import type { FileHandle } from "node:fs/promises";
import { AppError } from "../../../core/app-error.js";
import type { PretrainedFile } from "../../../graph/architectures/pretrained-files.js";
import { retrying } from "../../../lang/retrying.js";

/** The largest published file, VGG19 with batch normalization, has 575 MB. */
const MAX_BYTES = 1024 ** 3;
/** Requests that a server may repeat later: too many at once, or too slow a request. */
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** How long a download waits. */
export interface DownloadPatience {
  /** Time without any byte after which a connection is given up. */
  readonly idleMs: number;
  /** Connections, each of which continues where the last one ended. */
  readonly attempts: number;
  readonly firstWaitMs: number;
  readonly lastWaitMs: number;
}

export const DOWNLOAD_PATIENCE: DownloadPatience = {
  idleMs: 60_000,
  attempts: 8,
  firstWaitMs: 1000,
  lastWaitMs: 30_000,
};

export interface DownloadWatch {
  /** Called with the bytes that have arrived, and those of the whole file. */
  readonly onProgress: (bytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Downloads a file into an empty one. A connection that breaks is continued by the next.
 *
 * @throws AppError `PRETRAINED_UNAVAILABLE`; the reason of the signal when it aborts
 */
export async function download(
  file: PretrainedFile,
  into: FileHandle,
  watch: DownloadWatch,
  patience: DownloadPatience,
): Promise<void> {
  const state: Received = { bytes: 0, version: null };
  let attempts = 0;
  try {
    await retrying(() => receive(file, into, state, watch, patience.idleMs), {
      isTemporary: (error) => !(error instanceof RefusedDownload) && ++attempts < patience.attempts,
      signal: watch.signal,
      firstMs: patience.firstWaitMs,
      lastMs: patience.lastWaitMs,
    });
  } catch (error) {
    watch.signal.throwIfAborted();
    throw unavailable(file, error);
  }
}

/** A server's answer that would be the same in every other attempt. */
class RefusedDownload extends Error {}

interface Received {
  bytes: number;
  /** The server's name for this version of the file, by which it can continue; null: it has none. */
  version: string | null;
}

async function receive(
  file: PretrainedFile,
  into: FileHandle,
  received: Received,
  { onProgress, signal }: DownloadWatch,
  idleMs: number,
): Promise<void> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`no byte arrived for ${idleMs} ms`)), idleMs);
  try {
    const continues = received.bytes > 0 && received.version !== null;
    const response = await fetch(file.url, {
      headers: continues ? { range: `bytes=${received.bytes}-`, "if-range": received.version ?? "" } : {},
      signal: AbortSignal.any([signal, idle.signal]),
    });
    const total = await startAt(response, into, received);
    if (response.body === null) throw new Error("the answer has no content");
    for await (const chunk of response.body) {
      timer.refresh();
      if (received.bytes + chunk.length > MAX_BYTES) throw tooLarge();
      await into.write(chunk, 0, chunk.length, received.bytes);
      received.bytes += chunk.length;
      onProgress(received.bytes, total ?? received.bytes);
    }
    if (total !== null && received.bytes !== total) {
      throw new Error(`the connection ended after ${received.bytes} of ${total} bytes`);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** @returns the bytes of the whole file; null: the server does not say */
async function startAt(response: Response, into: FileHandle, received: Received): Promise<number | null> {
  const { status, headers } = response;
  const continued = status === 206 && headers.get("content-range")?.startsWith(`bytes ${received.bytes}-`);
  if (status !== 200 && !continued) {
    const isTemporary = status >= 500 || status === 206 || TEMPORARY_STATUSES.has(status);
    await response.body?.cancel();
    received.version = null;
    const message = `the server answered with status ${status}`;
    throw isTemporary ? new Error(message) : new RefusedDownload(message);
  }
  if (status === 200) {
    received.bytes = 0;
    await into.truncate(0);
  }
  // A weak tag does not promise equal bytes.
  const tag = headers.get("etag");
  received.version = tag?.startsWith('"') === true ? tag : null;
  const length = headers.get("content-length");
  if (length === null) return null;
  const total = received.bytes + Number(length);
  if (total > MAX_BYTES) throw tooLarge();
  return total;
}

function tooLarge(): RefusedDownload {
  return new RefusedDownload(`the file is larger than ${MAX_BYTES} bytes`);
}

function unavailable({ name, url }: PretrainedFile, cause: unknown): AppError {
  const because = cause instanceof Error ? messageOf(cause) : String(cause);
  return new AppError(
    "PRETRAINED_UNAVAILABLE",
    `The weights ${name} could not be downloaded from ${url}: ${because}. Give this machine access to the address, or put ` +
      "the file into a folder and name the folder in ESPALIER_PRETRAINED_DIR.",
    { cause },
  );
}

/** `fetch` says "fetch failed", and its cause says why. */
function messageOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

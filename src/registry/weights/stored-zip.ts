import yauzl from "yauzl";
import type { ByteRange } from "./byte-range.js";
import { invalidWeights, quoted } from "./invalid-weights.js";

const STORED = 0;
/** torch keeps every tensor in an entry of its own: VGG19 with normalisation has some hundred. */
const MOST_ENTRIES = 20_000;

export function looksLikeZip(start: Buffer): boolean {
  return start.subarray(0, 4).equals(Buffer.from("PK\x03\x04", "latin1"));
}

/**
 * Where the entries of a zip lie in its file. Keras and torch store them as they are, so each can be
 * read in place; a packed entry is refused.
 *
 * @param path of the file that `file` is the whole of
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readStoredZip(path: string, file: ByteRange): Promise<ReadonlyMap<string, ByteRange>> {
  const entries = new Map<string, ByteRange>();
  const zip = await yauzl.openPromise(path, { autoClose: false }).catch((cause: unknown) => {
    throw damaged(cause);
  });
  try {
    if (zip.entryCount > MOST_ENTRIES) {
      throw invalidWeights(`at most ${MOST_ENTRIES} entries in its zip`, `${zip.entryCount}`);
    }
    for await (const entry of zip.eachEntry()) {
      const what = `zip entry ${quoted(entry.fileName)}`;
      if (entry.isEncrypted() || entry.compressionMethod !== STORED) {
        throw invalidWeights(`its zip entries neither packed nor encrypted`, what);
      }
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      if (entries.has(entry.fileName)) throw invalidWeights("every zip entry once", `${what} twice`);
      entries.set(entry.fileName, file.slice(fileDataStart, entry.compressedSize, what));
    }
    return entries;
  } catch (error) {
    throw damaged(error);
  } finally {
    zip.close();
  }
}

function damaged(cause: unknown): unknown {
  const { name, message } = cause instanceof Error ? cause : { name: "", message: String(cause) };
  return name === "AppError" ? cause : invalidWeights("a whole zip archive", message, cause);
}

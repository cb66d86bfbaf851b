import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";

/**
 * Unpacks files of a zip archive below `folder`, with their names in the archive. It has no limits, so it is for archives
 * of a known origin.
 *
 * @param isWanted by the name of an entry; by default, every file is
 * @param onProgress called with the unpacked bytes so far and those of all wanted files
 */
export async function unpackZip(
  file: string,
  folder: string,
  {
    isWanted = () => true,
    onProgress = () => {},
  }: {
    readonly isWanted?: (name: string) => boolean;
    readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  } = {},
): Promise<void> {
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    const entries: yauzl.Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith("/") && isWanted(entry.fileName)) entries.push(entry);
    }
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    let done = 0;
    for (const entry of entries) {
      // yauzl refuses names that are absolute or lead upward.
      const target = path.join(folder, entry.fileName);
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(
        await zip.openReadStreamPromise(entry),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            done += chunk.length;
            onProgress(done, total);
            yield chunk;
          }
        },
        createWriteStream(target),
      );
    }
  } finally {
    zip.close();
  }
}

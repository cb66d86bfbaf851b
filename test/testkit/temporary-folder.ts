import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Creates a temporary folder. Disposing removes it and its content. */
export async function temporaryFolder(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "espalier-test-")));
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

import { setTimeout as delay } from "node:timers/promises";
import type { BenchContext } from "../../bench/benchmark.js";
import { type ImportedVersion, importDataset } from "../../src/client/import-dataset.js";
import type { TortureWorld } from "../world/torture-world.js";

const POLL_MS = 2;

export type DisturbedImport = Parameters<typeof importDataset>[1] & {
  /** Whether PostgreSQL is killed while rows are written, and not while images are read. */
  readonly whileWriting: boolean;
};

/**
 * Imports images, and kills and restarts PostgreSQL meanwhile. The import must go on by itself.
 *
 * @throws ClientError the failure of the import; the signal's reason
 */
export async function disturbImport(
  world: TortureWorld,
  { whileWriting, ...input }: DisturbedImport,
  { signal }: Pick<BenchContext, "signal">,
): Promise<ImportedVersion> {
  const api = await world.server.api;
  let crash: Promise<void> | null = null;
  const kill = (): void => {
    crash ??= world.postgres.crash(whileWriting ? "SIGQUIT" : "SIGKILL", 0, signal);
  };
  if (!whileWriting) {
    const version = await importDataset(api, input, kill);
    await crash;
    return version;
  }
  const blocker = await world.postgres.connect();
  try {
    await blocker.query("begin");
    await blocker.query("lock table sample in share mode");
    const importing = importDataset(api, input);
    importing.catch(() => {}); // It is awaited below.
    const waits = "select from pg_locks where relation = 'sample'::regclass and not granted";
    while ((await blocker.query(waits)).rowCount === 0) {
      await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    kill();
    await crash;
    return await importing;
  } finally {
    await blocker.end().catch(() => {});
  }
}

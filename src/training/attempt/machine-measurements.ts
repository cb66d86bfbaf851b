import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { DurableFile, syncFolder } from "../../data/blobs/durable-file.js";
import type { EngineDevice, EngineInfo } from "../../engine/engine-protocol.js";
import type { Session } from "../../engine/session.js";
import type { Clock } from "../../lang/clock.js";
import { jsonOf } from "../../lang/json.js";
import type { Log } from "../../telemetry/log.js";

/**
 * A file of what was measured on this machine, so that it is measured once. It is shared by the checkouts of a machine.
 * A file that cannot be read or written costs another measurement and nothing else.
 */
export class MachineMeasurements<T> {
  readonly #folder: string;
  readonly #file: string;
  readonly #schema: z.ZodType<T>;
  readonly #log: Log;

  /**
   * @param options.name of the file. It changes with what is measured, so that old times are not compared with new ones
   * @param options.schema of what is stored for a machine
   */
  constructor(options: { folder: string; name: string; schema: z.ZodType<T>; log: Log }) {
    this.#folder = options.folder;
    this.#file = path.join(options.folder, options.name);
    this.#schema = options.schema;
    this.#log = options.log;
  }

  /** Null where nothing usable is stored. */
  async read(info: EngineInfo): Promise<T | null> {
    return this.#schema.safeParse((await this.#read())[machineOf(info)]).data ?? null;
  }

  async write(info: EngineInfo, measured: T): Promise<void> {
    try {
      const machines = { ...(await this.#read()), [machineOf(info)]: measured };
      await using file = await DurableFile.create(this.#folder);
      await file.handle.writeFile(`${JSON.stringify({ machines }, null, 2)}\n`);
      await file.finish(this.#file);
      await syncFolder(this.#folder);
    } catch (error) {
      this.#log.warn("could not store what was measured on this machine; it will be measured again", {
        file: this.#file,
        error,
      });
    }
  }

  async #read(): Promise<Readonly<Record<string, unknown>>> {
    const text = await readFile(this.#file, "utf8").catch(() => "");
    return STORED.safeParse(jsonOf(text)).data?.machines ?? {};
  }
}

/** The machines are checked one by one: a damaged one does not cost the others their times. */
const STORED = z.object({ machines: z.record(z.string(), z.unknown()) });

/** Everything that a time depends on. */
function machineOf(info: EngineInfo): string {
  const { processor, tensorflowVersion, threads } = info;
  return `${processor}, ${deviceOf(info)?.name ?? "CPU"}, ${threads} threads, TensorFlow ${tensorflowVersion}`;
}

/** The device that the engine trains on. */
export function deviceOf({ devices }: EngineInfo): EngineDevice | undefined {
  return devices.find(({ kind }) => kind === "GPU") ?? devices[0];
}

/** A run that takes longer is not repeated: what disturbs it is a small part of it. */
const LONG_MS = 500;

/**
 * The milliseconds of a signature without inputs. Its first run prepares the graph and the kernels and does not count.
 *
 * @param repetitions of which the fastest counts, because other programs on the machine only make a run slower
 */
export async function fastestMilliseconds(
  session: Session,
  signature: string,
  repetitions: number,
  clock: Clock,
): Promise<number> {
  await session.run(signature, {});
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const startedMs = clock.monotonicMs();
    await session.run(signature, {});
    best = Math.min(best, clock.monotonicMs() - startedMs);
    if (best > LONG_MS) break;
  }
  return best;
}

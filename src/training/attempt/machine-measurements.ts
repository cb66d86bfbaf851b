import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { DurableFile, syncFolder } from "../../data/blobs/durable-file.js";
import type { EngineDevice, EngineInfo } from "../../engine/engine-protocol.js";
import type { Session } from "../../engine/session.js";
import type { Clock } from "../../lang/clock.js";
import { jsonOf } from "../../lang/json.js";
import { whenMissing } from "../../lang/system-errors.js";

/** A file of what was measured on this machine, so that it is measured once. It is shared by the checkouts of a machine. */
export class MachineMeasurements<T> {
  readonly #folder: string;
  readonly #file: string;
  readonly #formatVersion: number;
  readonly #schema: z.ZodType<{ readonly machines: Readonly<Record<string, T>> }>;

  /**
   * @param options.name of the file
   * @param options.formatVersion incremented when what is measured changes, so that old times are not compared with new ones
   * @param options.schema of what is stored for a machine
   */
  constructor(options: { folder: string; name: string; formatVersion: number; schema: z.ZodType<T> }) {
    const { folder, name, formatVersion, schema } = options;
    this.#folder = folder;
    this.#file = path.join(folder, name);
    this.#formatVersion = formatVersion;
    this.#schema = z.object({
      formatVersion: z.literal(formatVersion),
      machines: z.record(z.string(), schema),
    });
  }

  /** Null where nothing was measured, or the file is damaged or of another format version. */
  async read(info: EngineInfo): Promise<T | null> {
    return (await this.#read())[machineOf(info)] ?? null;
  }

  async write(info: EngineInfo, measured: T): Promise<void> {
    const machines = { ...(await this.#read()), [machineOf(info)]: measured };
    await using file = await DurableFile.create(this.#folder);
    const content = { formatVersion: this.#formatVersion, machines };
    await file.handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.finish(this.#file);
    await syncFolder(this.#folder);
  }

  async #read(): Promise<Readonly<Record<string, T>>> {
    const text = await readFile(this.#file, "utf8").catch(whenMissing(""));
    return this.#schema.safeParse(jsonOf(text)).data?.machines ?? {};
  }
}

/** Everything that a time depends on. */
function machineOf(info: EngineInfo): string {
  const { processor, tensorflowVersion, threads } = info;
  return `${processor}, ${deviceOf(info)?.name ?? "CPU"}, ${threads} threads, TensorFlow ${tensorflowVersion}`;
}

/** The device that the engine trains on. */
export function deviceOf({ devices }: EngineInfo): EngineDevice | undefined {
  return devices.find(({ kind }) => kind === "GPU") ?? devices[0];
}

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
  }
  return best;
}

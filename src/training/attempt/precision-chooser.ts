import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { ComputePrecision } from "../../core/enumerations.js";
import { PRECISION_MEASUREMENT, type PrecisionMeasurement } from "../../core/run-environment.js";
import { DurableFile, syncFolder } from "../../data/blobs/durable-file.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { EngineDevice, EngineInfo } from "../../engine/engine-protocol.js";
import { buildPrecisionProbe } from "../../graph/architectures/precision-probe.js";
import type { Clock } from "../../lang/clock.js";
import { jsonOf } from "../../lang/json.js";
import { whenMissing } from "../../lang/system-errors.js";

/** The precision that AUTO chose, and the measurements that decided it. */
export interface PrecisionChoice {
  readonly precision: ComputePrecision;
  readonly measurements: readonly PrecisionMeasurement[];
}

/** Incremented when the probe changes, so that old times are not compared with new ones. */
const FORMAT_VERSION = 2;

const CACHE_FILE = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** By machine; see `machineOf`. */
  machines: z.record(z.string(), z.array(PRECISION_MEASUREMENT).readonly()),
});
type CacheFile = z.infer<typeof CACHE_FILE>;

/** The best of this many runs counts, because other programs on the machine only make a run slower. */
const REPETITIONS = 5;

/**
 * Finds the fastest precision on this machine. The flags of the processor do not tell whether bf16 is faster, so it
 * measures a short convolution and matrix product, forward and backward, once for each machine, library and number of
 * threads, and stores the times.
 */
export class PrecisionChooser {
  readonly #folder: string;
  readonly #file: string;
  readonly #clock: Clock;
  #measuring: Promise<readonly PrecisionMeasurement[]> | null = null;

  /** @param options.folder is shared by the checkouts of a machine */
  constructor(options: { folder: string; clock: Clock }) {
    this.#folder = options.folder;
    this.#file = path.join(options.folder, "precision.json");
    this.#clock = options.clock;
  }

  /** Measures, unless that was done before. A measurement takes about a second. */
  async choose(host: EngineHost): Promise<PrecisionChoice> {
    const known = await this.measurements(host.info);
    const measurements = known.length > 0 ? known : await this.#measureOnce(host);
    const [first, ...others] = measurements;
    if (first === undefined) throw new Error("No precision was measured.");
    const best = others.reduce((best, each) => (each.milliseconds < best.milliseconds ? each : best), first);
    return { precision: best.precision, measurements };
  }

  /** The stored times of this machine; empty before the first run with AUTO. */
  async measurements(info: EngineInfo): Promise<readonly PrecisionMeasurement[]> {
    return (await this.#read())[machineOf(info)] ?? [];
  }

  #measureOnce(host: EngineHost): Promise<readonly PrecisionMeasurement[]> {
    this.#measuring ??= this.#measure(host).finally(() => {
      this.#measuring = null;
    });
    return this.#measuring;
  }

  async #measure(host: EngineHost): Promise<readonly PrecisionMeasurement[]> {
    const device = deviceOf(host.info);
    const candidates: ComputePrecision[] = ["FLOAT32", "MIXED_BFLOAT16"];
    if (device?.kind === "GPU") candidates.push("MIXED_FLOAT16");
    const measurements: PrecisionMeasurement[] = [];
    for (const precision of candidates) {
      const milliseconds = await this.#time(host, precision);
      measurements.push({ precision, device: device?.name ?? "CPU", milliseconds });
    }
    const machines = { ...(await this.#read()), [machineOf(host.info)]: measurements };
    await this.#write({ formatVersion: FORMAT_VERSION, machines });
    return measurements;
  }

  async #time(host: EngineHost, precision: ComputePrecision): Promise<number> {
    await using session = await host.openGraph(buildPrecisionProbe(precision, host.info.customOps));
    await session.run("probe", {}); // The first run prepares the graph and the kernels.
    let best = Number.POSITIVE_INFINITY;
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const startedMs = this.#clock.monotonicMs();
      await session.run("probe", {});
      best = Math.min(best, this.#clock.monotonicMs() - startedMs);
    }
    return best;
  }

  /** Empty where the file is missing, damaged or of another format version. */
  async #read(): Promise<CacheFile["machines"]> {
    const text = await readFile(this.#file, "utf8").catch(whenMissing(""));
    return CACHE_FILE.safeParse(jsonOf(text)).data?.machines ?? {};
  }

  async #write(content: CacheFile): Promise<void> {
    await using file = await DurableFile.create(this.#folder);
    await file.handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.finish(this.#file);
    await syncFolder(this.#folder);
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

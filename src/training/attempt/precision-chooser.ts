import { z } from "zod";
import type { ComputePrecision } from "../../core/enumerations.js";
import { PRECISION_MEASUREMENT, type PrecisionMeasurement } from "../../core/runs/environment.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { EngineInfo } from "../../engine/engine-protocol.js";
import { buildPrecisionProbe } from "../../graph/architectures/precision-probe.js";
import type { Clock } from "../../lang/clock.js";
import type { Log } from "../../telemetry/log.js";
import { deviceOf, fastestMilliseconds, MachineMeasurements } from "./machine-measurements.js";

/** The precision that AUTO chose, and the measurements that decided it. */
export interface PrecisionChoice {
  readonly precision: ComputePrecision;
  readonly measurements: readonly PrecisionMeasurement[];
}

const REPETITIONS = 5;

/**
 * Finds the fastest precision on this machine. The flags of the processor do not tell whether bf16 is faster, so it
 * measures a short convolution and matrix product, forward and backward, once for each machine, library and number of
 * threads, and stores the times.
 */
export class PrecisionChooser {
  readonly #stored: MachineMeasurements<readonly PrecisionMeasurement[]>;
  readonly #clock: Clock;
  #measuring: Promise<readonly PrecisionMeasurement[]> | null = null;

  /** @param options.folder is shared by the checkouts of a machine */
  constructor({ folder, clock, log }: { folder: string; clock: Clock; log: Log }) {
    const schema = z.array(PRECISION_MEASUREMENT).readonly();
    this.#stored = new MachineMeasurements({ folder, name: "precision-3.json", schema, log });
    this.#clock = clock;
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
    return (await this.#stored.read(info)) ?? [];
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
      await using session = await host.openGraph(buildPrecisionProbe(precision, host.info.customOps));
      const milliseconds = await fastestMilliseconds(session, "probe", REPETITIONS, this.#clock);
      measurements.push({ precision, device: device?.name ?? "CPU", milliseconds });
    }
    await this.#stored.write(host.info, measurements);
    return measurements;
  }
}

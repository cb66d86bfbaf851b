import { z } from "zod";
import { hasCode } from "../../core/app-error.js";
import type { EngineHost } from "../../engine/engine-host.js";
import {
  buildKernelGradientProbe,
  columnBytes,
  learnedConvolutions,
  operationsPerImage,
} from "../../graph/architectures/kernel-gradient-probe.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { ConvolutionSize } from "../../graph/ops/convolution.js";
import type { Clock } from "../../lang/clock.js";
import type { Log } from "../../telemetry/log.js";
import { deviceOf, fastestMilliseconds, MachineMeasurements } from "./machine-measurements.js";

const MILLISECONDS = z.number().positive();
const MEASUREMENT = z.object({ oneDnnMilliseconds: MILLISECONDS, eigenMilliseconds: MILLISECONDS });
/** Times by the name of the convolution. */
const MEASUREMENTS = z.record(z.string(), MEASUREMENT);

type Measurement = z.infer<typeof MEASUREMENT>;
type Measurements = Readonly<z.infer<typeof MEASUREMENTS>>;

const REPETITIONS = 2;

/** Floating-point operations that a repetition aims at, by its number of images: some 50 ms on two cores. */
const MEASURED_OPERATIONS = 4e9;
const MAX_IMAGES = 8;

/** Smaller convolutions take too small a part of a step to be worth a measurement. */
const MIN_OPERATIONS_PER_IMAGE = 2e8;

/**
 * Eigen copies the windows of one image or more into columns, which oneDNN does not. Above this size, a choice for speed
 * would decide whether a run fits into memory.
 */
const MAX_COLUMN_BYTES = 256 * 1024 ** 2;

/** Eigen is chosen where it takes at most this part of oneDNN's time, so that noise does not decide. */
const CLEARLY_FASTER = 0.9;

/**
 * Finds the convolutions whose kernel gradients Eigen computes faster than oneDNN. Which ones depends on the processor and
 * on the convolution's size: without AVX-512, oneDNN takes from 0.7 to 2.7 times as long. So both are measured for each
 * size, once for each machine, library and number of threads, and the times are stored.
 */
export class KernelGradientChooser {
  readonly #stored: MachineMeasurements<Measurements>;
  readonly #clock: Clock;
  readonly #log: Log;
  /** One measurement at a time, or they would measure each other. */
  #measured: Promise<unknown> = Promise.resolve();

  /** @param options.folder is shared by the checkouts of a machine */
  constructor({ folder, clock, log }: { folder: string; clock: Clock; log: Log }) {
    this.#stored = new MachineMeasurements({
      folder,
      name: "kernel-gradients-2.json",
      schema: MEASUREMENTS,
      log,
    });
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Measures what was not measured before: for VGG19 at 224 pixels about five seconds.
   *
   * @param options.signal ends the measuring; what was measured until then is kept
   * @returns names of convolutions, see `convolutionName`; null: none. So it is where TensorFlow does not use oneDNN, and
   *   for networks that are not in float32
   */
  async choose(
    host: EngineHost,
    network: NetworkSpec,
    { frozenStages, signal }: { frozenStages: number; signal: AbortSignal },
  ): Promise<readonly string[] | null> {
    const hasChoice = process.arch === "x64" && deviceOf(host.info)?.kind !== "GPU";
    if (!hasChoice || network.precision !== "FLOAT32") return null;
    const sizes = new Map(
      [...learnedConvolutions(network, frozenStages)].filter(
        ([, size]) =>
          operationsPerImage(size) >= MIN_OPERATIONS_PER_IMAGE && columnBytes(size) <= MAX_COLUMN_BYTES,
      ),
    );
    const measuring = this.#measured.then(() => this.#measureMissing(host, sizes, signal));
    this.#measured = measuring.catch(() => undefined);
    const measurements = await measuring;
    const names = [...sizes.keys()].filter((name) => isEigenFaster(measurements[name]));
    return names.length > 0 ? names : null;
  }

  async #measureMissing(
    host: EngineHost,
    sizes: ReadonlyMap<string, ConvolutionSize>,
    signal: AbortSignal,
  ): Promise<Measurements> {
    let known = (await this.#stored.read(host.info)) ?? {};
    for (const [name, size] of sizes) {
      if (known[name] !== undefined) continue;
      signal.throwIfAborted();
      const measured = await this.#measure(host, size);
      if (measured === null) {
        this.#log.warn("a convolution was not measured, because memory is short; oneDNN computes it", {
          name,
        });
        continue;
      }
      known = { ...known, [name]: measured };
      await this.#stored.write(host.info, known);
    }
    return known;
  }

  /** Null when the memory does not suffice. */
  async #measure(host: EngineHost, size: ConvolutionSize): Promise<Measurement | null> {
    try {
      return {
        oneDnnMilliseconds: await this.#time(host, size, "ONEDNN"),
        eigenMilliseconds: await this.#time(host, size, "EIGEN"),
      };
    } catch (error) {
      if (hasCode(error, "ENGINE_OUT_OF_MEMORY")) return null;
      throw error;
    }
  }

  async #time(host: EngineHost, size: ConvolutionSize, library: "EIGEN" | "ONEDNN"): Promise<number> {
    const fitting = Math.floor(MEASURED_OPERATIONS / operationsPerImage(size));
    const images = Math.min(Math.max(fitting, 1), MAX_IMAGES);
    await using session = await host.openGraph(buildKernelGradientProbe(size, images, library));
    return await fastestMilliseconds(session, "probe", REPETITIONS, this.#clock);
  }
}

function isEigenFaster(measurement: Measurement | undefined): boolean {
  if (measurement === undefined) return false;
  return measurement.eigenMilliseconds <= CLEARLY_FASTER * measurement.oneDnnMilliseconds;
}

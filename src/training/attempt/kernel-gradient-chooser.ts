import { z } from "zod";
import type { EngineHost } from "../../engine/engine-host.js";
import {
  buildKernelGradientProbe,
  learnedConvolutions,
  operationsPerImage,
} from "../../graph/architectures/kernel-gradient-probe.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { ConvolutionSize } from "../../graph/ops/convolution.js";
import type { Clock } from "../../lang/clock.js";
import { deviceOf, fastestMilliseconds, MachineMeasurements } from "./machine-measurements.js";

const MEASUREMENT = z.object({ oneDnnMilliseconds: z.number(), eigenMilliseconds: z.number() });
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
  /** One measurement at a time, or they would measure each other. */
  #measured: Promise<unknown> = Promise.resolve();

  /** @param options.folder is shared by the checkouts of a machine */
  constructor({ folder, clock }: { folder: string; clock: Clock }) {
    this.#stored = new MachineMeasurements({
      folder,
      name: "kernel-gradients.json",
      formatVersion: 1,
      schema: MEASUREMENTS,
    });
    this.#clock = clock;
  }

  /**
   * Measures what was not measured before: for VGG19 at 224 pixels about five seconds.
   *
   * @returns names of convolutions, see `convolutionName`; null: none. So it is where TensorFlow does not use oneDNN, and
   *   for networks that are not in float32
   */
  async choose(
    host: EngineHost,
    network: NetworkSpec,
    frozenStages: number,
  ): Promise<readonly string[] | null> {
    const hasChoice = process.arch === "x64" && deviceOf(host.info)?.kind !== "GPU";
    if (!hasChoice || network.precision !== "FLOAT32") return null;
    const sizes = new Map(
      [...learnedConvolutions(network, frozenStages)].filter(
        ([, size]) => operationsPerImage(size) >= MIN_OPERATIONS_PER_IMAGE,
      ),
    );
    const measuring = this.#measured.then(() => this.#measureMissing(host, sizes));
    this.#measured = measuring.catch(() => undefined);
    const measurements = await measuring;
    const names = [...sizes.keys()].filter((name) => isEigenFaster(measurements[name]));
    return names.length > 0 ? names : null;
  }

  async #measureMissing(
    host: EngineHost,
    sizes: ReadonlyMap<string, ConvolutionSize>,
  ): Promise<Measurements> {
    const known = (await this.#stored.read(host.info)) ?? {};
    const missing = [...sizes].filter(([name]) => known[name] === undefined);
    if (missing.length === 0) return known;
    const measured: Record<string, Measurement> = {};
    for (const [name, size] of missing) {
      measured[name] = {
        oneDnnMilliseconds: await this.#time(host, size, "ONEDNN"),
        eigenMilliseconds: await this.#time(host, size, "EIGEN"),
      };
    }
    const all = { ...known, ...measured };
    await this.#stored.write(host.info, all);
    return all;
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

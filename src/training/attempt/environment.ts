import type { RunEnvironment } from "../../core/runs/environment.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { networkOfRun } from "../../graph/architectures/network-spec.js";
import type { RunRecord } from "../record/run-records.js";
import { deviceOf } from "./machine-measurements.js";
import type { TrainingSources } from "./options.js";

/**
 * The environment of an attempt: everything that must be equal for a second run to give equal bytes. A run that continues
 * keeps the precision, the micro-batch size and the ways to compute gradients of its first attempt.
 *
 * @throws AppError `NETWORK_INVALID`; the reason of the signal when it aborts
 */
export async function environmentOf(
  engine: EngineHost,
  {
    configuration,
    environment,
    layerWidths,
  }: Pick<RunRecord, "configuration" | "environment" | "layerWidths">,
  classCount: number,
  {
    product,
    precisions,
    kernelGradients,
  }: Pick<TrainingSources, "product" | "precisions" | "kernelGradients">,
  signal: AbortSignal,
): Promise<RunEnvironment> {
  const { tensorflowVersion, threads, processor, customOps } = engine.info;
  const asked = configuration.precision;
  const chosen = async () =>
    asked === "AUTO" ? await precisions.choose(engine) : { precision: asked, measurements: [] };
  const { precision, measurements } =
    environment === null
      ? await chosen()
      : { precision: environment.precision, measurements: environment.precisionMeasurements };
  const { batchSize, accumulationSteps, frozenBlocks } = configuration;
  const measured = () =>
    kernelGradients.choose(engine, networkOfRun(configuration, classCount, precision, layerWidths), {
      frozenStages: frozenBlocks,
      signal,
    });
  return {
    product,
    tensorflowVersion,
    nodeVersion: process.versions.node,
    processor,
    device: deviceOf(engine.info)?.name ?? "CPU",
    threads,
    customOps,
    eigenKernelGradients: environment === null ? await measured() : environment.eigenKernelGradients,
    precision,
    precisionMeasurements: measurements,
    partSize: environment?.partSize ?? Math.ceil(batchSize / accumulationSteps),
  };
}

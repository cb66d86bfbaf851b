import type { RunEnvironment } from "../../core/run-environment.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { RunRecord } from "../record/run-records.js";
import type { TrainingSources } from "./options.js";
import { deviceOf } from "./precision-chooser.js";

/**
 * The environment of an attempt: everything that must be equal for a second run to give equal bytes. A run that continues
 * keeps the precision and the micro-batch size of its first attempt.
 */
export async function environmentOf(
  engine: EngineHost,
  { configuration, environment }: Pick<RunRecord, "configuration" | "environment">,
  { product, precisions }: Pick<TrainingSources, "product" | "precisions">,
): Promise<RunEnvironment> {
  const { tensorflowVersion, threads, processor, customOps } = engine.info;
  const asked = configuration.precision;
  const chosen = async () =>
    asked === "AUTO" ? await precisions.choose(engine) : { precision: asked, measurements: [] };
  const { precision, measurements } =
    environment === null
      ? await chosen()
      : { precision: environment.precision, measurements: environment.precisionMeasurements };
  const { batchSize, accumulationSteps } = configuration;
  return {
    product,
    tensorflowVersion,
    nodeVersion: process.versions.node,
    processor,
    device: deviceOf(engine.info)?.name ?? "CPU",
    threads,
    customOps,
    precision,
    precisionMeasurements: measurements,
    partSize: environment?.partSize ?? Math.ceil(batchSize / accumulationSteps),
  };
}

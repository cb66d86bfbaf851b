import { z } from "zod";
import { Precision } from "../enumerations.js";
import { parseStored } from "../stored-json.js";

const COMPUTE_PRECISION = z.enum(Precision).exclude(["AUTO"]);

export const PRECISION_MEASUREMENT = z.object({
  precision: COMPUTE_PRECISION,
  device: z.string(),
  milliseconds: z.number(),
});

/** Time of a short convolution and matrix product, forward and backward, on a device. */
export type PrecisionMeasurement = Readonly<z.infer<typeof PRECISION_MEASUREMENT>>;

export const RUN_ENVIRONMENT = z.object({
  product: z.string(),
  tensorflowVersion: z.string(),
  nodeVersion: z.string(),
  processor: z.string(),
  device: z.string(),
  threads: z.number(),
  /** Custom ops that it may use beside TensorFlow's. */
  customOps: z.array(z.string()).readonly().default([]),
  /** Convolutions whose kernel gradients Eigen computes, because oneDNN was measured to be slower; null: none. */
  eigenKernelGradients: z.array(z.string()).readonly().nullable().default(null),
  /** The precision that was used: that of the configuration, or the one that AUTO chose. */
  precision: COMPUTE_PRECISION,
  /** The measurements that decided AUTO; empty when the configuration named a precision. */
  precisionMeasurements: z.array(PRECISION_MEASUREMENT.readonly()).readonly().default([]),
  /** Samples of a micro-batch: fewer than the batch where gradients are accumulated. */
  partSize: z.number(),
});

/** Where a run ran: what must be equal for a rerun to give equal bytes. */
export type RunEnvironment = Readonly<z.infer<typeof RUN_ENVIRONMENT>>;

const STORED_ENVIRONMENT = RUN_ENVIRONMENT.nullable();

/** Reads the environment of a stored run; null before PREPARING. */
export function readRunEnvironment(json: unknown): RunEnvironment | null {
  return parseStored(STORED_ENVIRONMENT, json, "environment of a run");
}

import { z } from "zod";
import type { DeviceKind } from "../core/enumerations.js";
import type { CustomOp } from "../graph/custom-op.js";
import { DTYPES, type DType } from "../graph/tensor-spec.js";
import type { NativeLibrary } from "./native-library.js";

/**
 * A tensor outside the engine: row-major data of `shape`.
 *
 * `bool` and `uint8` are a Uint8Array, `int32` an Int32Array, `int64` a BigInt64Array, `float32` a Float32Array, `string`
 * a list. The engine accepts and returns no other types. The binding cannot read `uint8` or `bfloat16` outputs, so
 * signatures return them as `int32` or `float32`.
 */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type TensorData = Uint8Array | Int32Array | Float32Array | BigInt64Array | readonly string[];

/** The hardware and software that the engine runs on, as found when it started. */
export interface EngineInfo {
  readonly tensorflowVersion: string;
  /** Threads inside one operation; results depend on it. */
  readonly threads: number;
  /** Model name of the processor. */
  readonly processor: string;
  readonly devices: readonly EngineDevice[];
  /** Custom ops that graphs for this engine may use beside TensorFlow's operations. */
  readonly customOps: readonly CustomOp[];
}

export interface EngineDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  /** Null: the driver does not say. */
  readonly memoryBytes: number | null;
  /** Instruction sets that matter to the speed of a network, such as `avx512_bf16`; empty for a GPU. */
  readonly instructionSets: readonly string[];
}

/**
 * Checks the form of a tensor alone, without copying it: a batch has millions of elements and comes with every step.
 * The session checks shapes and types of its inputs, because it knows the signature.
 */
const TENSOR_VALUE_SCHEMA = z.custom<TensorValue>(isTensorValue, "Expected a tensor");

function isTensorValue(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!("dtype" in value && "shape" in value && "data" in value)) return false;
  return Array.isArray(value.shape) && (ArrayBuffer.isView(value.data) || Array.isArray(value.data));
}

const NOTHING_SCHEMA = z.strictObject({});

/** The requests that the worker thread accepts, and their answers. */
const CALLS = {
  /** Loads the graph of a SavedModel folder; restores its weights when `variables/` holds any. */
  load: {
    request: z.object({ folder: z.string() }),
    answer: z.object({ session: z.int() }),
  },
  run: {
    request: z.object({
      session: z.int(),
      inputs: z.array(z.object({ tensor: z.string(), value: TENSOR_VALUE_SCHEMA })),
      outputs: z.array(z.object({ tensor: z.string(), dtype: z.enum(DTYPES) })),
    }),
    /** The values are in the order of `outputs`. */
    answer: z.object({ values: z.array(TENSOR_VALUE_SCHEMA) }),
  },
  unload: { request: z.object({ session: z.int() }), answer: NOTHING_SCHEMA },
  /** The worker closes its port, so that its thread ends by itself. */
  stop: { request: NOTHING_SCHEMA, answer: NOTHING_SCHEMA },
};

export type EngineCall = keyof typeof CALLS;

export type EngineCalls = {
  readonly [Call in EngineCall]: {
    readonly request: z.infer<(typeof CALLS)[Call]["request"]>;
    readonly answer: z.infer<(typeof CALLS)[Call]["answer"]>;
  };
};

/** The form of the answer to each call. */
export const ANSWER_SCHEMAS: { readonly [Call in EngineCall]: z.ZodType<EngineCalls[Call]["answer"]> } = {
  load: CALLS.load.answer,
  run: CALLS.run.answer,
  unload: CALLS.unload.answer,
  stop: CALLS.stop.answer,
};

/** A message to the worker thread. */
export const ENGINE_REQUEST_SCHEMA = z.discriminatedUnion("call", [
  z.object({ id: z.int(), call: z.literal("load"), request: CALLS.load.request }),
  z.object({ id: z.int(), call: z.literal("run"), request: CALLS.run.request }),
  z.object({ id: z.int(), call: z.literal("unload"), request: CALLS.unload.request }),
  z.object({ id: z.int(), call: z.literal("stop"), request: CALLS.stop.request }),
]);
export type EngineRequest = z.infer<typeof ENGINE_REQUEST_SCHEMA>;

/** A message of the worker thread. */
export const ENGINE_REPLY_SCHEMA = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), tensorflowVersion: z.string(), usesGpu: z.boolean() }),
  z.object({ kind: z.literal("answer"), id: z.int(), answer: z.unknown() }),
  z.object({
    kind: z.literal("failure"),
    id: z.int(),
    code: z.enum(["ENGINE_ERROR", "ENGINE_OUT_OF_MEMORY"]),
    message: z.string(),
  }),
]);
export type EngineReply = z.infer<typeof ENGINE_REPLY_SCHEMA>;
export type EngineFailure = Pick<Extract<EngineReply, { kind: "failure" }>, "code" | "message">;

/** The data with which the worker thread is created. */
export const ENGINE_WORKER_DATA_SCHEMA: z.ZodType<NativeLibrary> = z.object({
  addonFile: z.string(),
  kernelsFile: z.string().nullable(),
});

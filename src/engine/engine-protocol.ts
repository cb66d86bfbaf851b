import type { DeviceKind } from "../core/enumerations.js";
import type { CustomOp } from "../graph/custom-op.js";
import type { DType } from "../graph/tensor-spec.js";
import type { NativeLibrary } from "./native-library.js";

/**
 * A tensor outside the engine: row-major data of `shape`.
 *
 * `bool` and `uint8` are a Uint8Array, `int32` an Int32Array, `int64` a BigInt64Array, `float32` a
 * Float32Array, `string` a list. The engine takes and returns no other types: the binding cannot
 * read a `uint8` or `bfloat16` output back, so a signature gives them as `int32` or `float32`.
 */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type TensorData = Uint8Array | Int32Array | Float32Array | BigInt64Array | readonly string[];

/** What the engine runs on, as found when it started. */
export interface EngineInfo {
  readonly tensorflowVersion: string;
  /** Threads inside one operation; results depend on it. */
  readonly threads: number;
  /** Model name of the processor. */
  readonly processor: string;
  readonly devices: readonly EngineDevice[];
  /** What graphs for it may use beside TensorFlow's own operations. */
  readonly customOps: readonly CustomOp[];
}

export interface EngineDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  /** Null: the driver does not say. */
  readonly memoryBytes: number | null;
  /** Those that matter to a network's speed, such as `avx512_bf16`; empty for a GPU. */
  readonly instructionSets: readonly string[];
}

/** What the worker thread can be asked, and what it answers. */
export interface EngineCalls {
  /** Loads the graph of a SavedModel folder; restores its weights when `variables/` holds any. */
  load: { request: { readonly folder: string }; answer: { readonly session: number } };
  run: {
    request: {
      readonly session: number;
      readonly inputs: readonly { readonly tensor: string; readonly value: TensorValue }[];
      readonly outputs: readonly { readonly tensor: string; readonly dtype: DType }[];
    };
    /** In the order of `outputs`. */
    answer: { readonly values: readonly TensorValue[] };
  };
  unload: { request: { readonly session: number }; answer: Record<string, never> };
  /** The worker closes its port, so that its thread ends by itself. */
  stop: { request: Record<string, never>; answer: Record<string, never> };
}

export type EngineCall = keyof EngineCalls;

export type EngineRequest = {
  [Call in EngineCall]: {
    readonly id: number;
    readonly call: Call;
    readonly request: EngineCalls[Call]["request"];
  };
}[EngineCall];

export type EngineErrorCode = "ENGINE_ERROR" | "ENGINE_OUT_OF_MEMORY";

export type EngineReply =
  | { readonly kind: "ready"; readonly tensorflowVersion: string; readonly usesGpu: boolean }
  | { readonly kind: "answer"; readonly id: number; readonly answer: EngineCalls[EngineCall]["answer"] }
  | {
      readonly kind: "failure";
      readonly id: number;
      readonly code: EngineErrorCode;
      readonly message: string;
    };

/** Given to the worker when its thread is made. */
export type EngineWorkerData = NativeLibrary;

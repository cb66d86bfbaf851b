import { createRequire } from "node:module";

/**
 * The addon of `@tensorflow/tfjs-node-gpu` (its `binding/tfjs_binding.cc`). Espalier runs whole
 * graphs, so it loads the addon alone and leaves out the package's op-by-op JavaScript. Every call
 * blocks the thread; tensors live until they are deleted.
 */
export interface NativeBinding {
  readonly TF_Version: string;
  readonly isUsingGpuDevice: () => boolean;
  /** `int64` data are an Int32Array of low and high halves; strings a list of their UTF-8 bytes. */
  readonly createTensor: (
    shape: readonly number[],
    dtype: number,
    data: Uint8Array | Int32Array | Float32Array | readonly Uint8Array[],
  ) => number;
  readonly deleteTensor: (tensor: number) => void;
  readonly tensorDataSync: (tensor: number) => NativeData;
  readonly loadSavedModel: (folder: string, tags: string) => number;
  readonly deleteSavedModel: (session: number) => void;
  /** Names are joined by commas, as in `images:0,labels:0`. */
  readonly runSavedModel: (
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ) => readonly { readonly id: number; readonly dtype: number; readonly shape: readonly number[] }[];
}

export type NativeData = Uint8Array | Int32Array | Float32Array | BigInt64Array | readonly Uint8Array[];

/** Loads the library into this process; environment variables that it reads must be set before. */
export function loadNativeBinding(addonFile: string): NativeBinding {
  return createRequire(import.meta.url)(addonFile) as NativeBinding;
}

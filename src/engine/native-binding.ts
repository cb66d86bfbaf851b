import { constants } from "node:os";

/**
 * The addon of `@tensorflow/tfjs-node-gpu` (its `binding/tfjs_binding.cc`). Espalier runs whole graphs, so it loads the
 * addon without the package's JavaScript, which runs single operations. Every call blocks the thread. Tensors exist
 * until they are deleted.
 */
export interface NativeBinding {
  readonly TF_Version: string;
  readonly isUsingGpuDevice: () => boolean;
  /** `int64` values are an Int32Array of low and high halves; strings are a list of their UTF-8 bytes. */
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

const FUNCTIONS = [
  "isUsingGpuDevice",
  "createTensor",
  "deleteTensor",
  "tensorDataSync",
  "loadSavedModel",
  "deleteSavedModel",
  "runSavedModel",
] as const satisfies (keyof NativeBinding)[];

/** Checks the names alone: the addon does not tell what its functions accept and return. */
function isNativeBinding(exports: object): exports is NativeBinding {
  const typeOf = (name: keyof NativeBinding): string => typeof Reflect.get(exports, name);
  return typeOf("TF_Version") === "string" && FUNCTIONS.every((name) => typeOf(name) === "function");
}

export type NativeData = Uint8Array | Int32Array | Float32Array | BigInt64Array | readonly Uint8Array[];

/**
 * RTLD_NODELETE of the dynamic loader (dlfcn.h), which `os.constants.dlopen` lacks. Node unloads an addon when its thread
 * ends, but TensorFlow registers functions that are called at the exit of the process: after unloading, their code would
 * be gone.
 */
const RTLD_NODELETE = process.platform === "darwin" ? 0x80 : 0x1000;

/**
 * Loads the library into this process, where it stays. The environment variables that it reads must be set before.
 */
export function loadNativeBinding(addonFile: string): NativeBinding {
  const exports = loadForGood(addonFile);
  if (!isNativeBinding(exports)) throw new Error(`${addonFile} is not the addon of TensorFlow for Node.`);
  return exports;
}

/** Loads the custom ops, which register themselves with the TensorFlow that is already loaded. */
export function loadKernels(kernelsFile: string): void {
  loadForGood(kernelsFile);
}

function loadForGood(file: string): object {
  const addon = { exports: {} };
  process.dlopen(addon, file, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  return addon.exports;
}

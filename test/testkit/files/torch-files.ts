import { shapedLayersOf } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { seededRandom } from "../random.js";
import { zip } from "./archives.js";

/** A tensor in a file of `torch.save`. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Default: FloatStorage. */
  readonly storage?: "FloatStorage" | "DoubleStorage" | "LongStorage";
}

/** An object of a class, which `torch.save` writes as a call of the class. */
export class SavedObject {
  constructor(
    /** "argparse.Namespace" */
    readonly className: string,
    readonly state: Saved = {},
  ) {}
}

/** A value that a training script saves. */
export type Saved =
  | number
  | string
  | SavedTensor
  | SavedObject
  | readonly Saved[]
  | ReadonlyMap<Saved, Saved>
  | { readonly [key: string]: Saved };

export type StateDict = Readonly<Record<string, SavedTensor>>;

const BYTES = { FloatStorage: 4, DoubleStorage: 8, LongStorage: 8 } as const;

/** Writes what `torch.save(value)` writes: a zip with a pickle of protocol 2 and one entry for every storage. */
export function torchFile(value: Saved): Buffer {
  const storages: Buffer[] = [];
  const pickle = Buffer.concat([
    Buffer.from("\x80\x02", "latin1"),
    pickled(value, storages),
    Buffer.from("."),
  ]);
  return zip([
    { name: "archive/data.pkl", bytes: pickle },
    { name: "archive/byteorder", bytes: Buffer.from("little") },
    ...storages.map((bytes, index) => ({ name: `archive/data/${index}`, bytes })),
  ]);
}

function pickled(value: Saved, storages: Buffer[]): Buffer {
  if (typeof value === "number") return numberOf(value);
  if (typeof value === "string") return textOf(value);
  if (value instanceof SavedObject) {
    const [module, name] = [value.className.slice(0, value.className.lastIndexOf(".")), value.className];
    const global = Buffer.from(`c${module}\n${name.slice(module.length + 1)}\n)\x81`, "latin1");
    return Buffer.concat([global, pickled(value.state, storages), Buffer.from("b")]);
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Saved) => pickled(item, storages));
    return Buffer.concat([Buffer.from("](", "latin1"), ...items, Buffer.from("e")]);
  }
  if (isTensor(value)) return tensorOf(value, storages);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const items = entries.flatMap(([key, item]) => [pickled(key, storages), pickled(item, storages)]);
  return Buffer.concat([Buffer.from("}(", "latin1"), ...items, Buffer.from("u")]);
}

function isTensor(value: object): value is SavedTensor {
  return "shape" in value && "values" in value;
}

function tensorOf({ shape, values, storage = "FloatStorage" }: SavedTensor, storages: Buffer[]): Buffer {
  const key = String(storages.length);
  const bytes = Buffer.alloc(values.length * BYTES[storage]);
  for (const [index, value] of values.entries()) {
    if (storage === "LongStorage") bytes.writeBigInt64LE(BigInt(value), index * 8);
    else if (storage === "DoubleStorage") bytes.writeDoubleLE(value, index * 8);
    else bytes.writeFloatLE(value, index * 4);
  }
  storages.push(bytes);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  return Buffer.concat([
    Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n((", "latin1"),
    textOf("storage"),
    Buffer.from(`ctorch\n${storage}\n`, "latin1"),
    textOf(key),
    textOf("cpu"),
    numberOf(values.length),
    Buffer.from("tQ", "latin1"),
    numberOf(0),
    tupleOf(shape),
    tupleOf(strides),
    // requires_grad, and the hooks.
    Buffer.from("\x89}tR", "latin1"),
  ]);
}

function tupleOf(numbers: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from("("), ...numbers.map(numberOf), Buffer.from("t")]);
}

function numberOf(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  if (Number.isInteger(value)) {
    bytes.write("J", "latin1");
    bytes.writeInt32LE(value, 1);
    return bytes.subarray(0, 5);
  }
  bytes.write("G", "latin1");
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const head = Buffer.alloc(5);
  head.write("X", "latin1");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * The state dictionary of a network as torchvision names it, with made-up values.
 *
 * @param head whether it has the head too
 */
export function stateDictOf(network: NetworkSpec, { head = true } = {}): StateDict {
  const random = seededRandom(7);
  const tensor = (...shape: number[]): SavedTensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { shape, values: Array.from({ length: count }, () => Math.fround(random() + 0.1)) };
  };
  const tensors: Record<string, SavedTensor> = {};
  for (const { layer, stage, torchNames, inputShape } of shapedLayersOf(network)) {
    const [module] = torchNames;
    if (module === undefined || (stage === null && !head)) continue;
    const channels = inputShape.at(-1) ?? 0;
    if (layer.kind === "Conv2D") {
      tensors[`${module}.weight`] = tensor(layer.width, channels, layer.kernelSize, layer.kernelSize);
      if (layer.useBias) tensors[`${module}.bias`] = tensor(layer.width);
    } else if (layer.kind === "BatchNormalization") {
      for (const role of ["weight", "bias", "running_mean", "running_var"]) {
        tensors[`${module}.${role}`] = tensor(channels);
      }
      tensors[`${module}.num_batches_tracked`] = { shape: [], values: [9], storage: "LongStorage" };
    } else if (layer.kind === "Dense") {
      tensors[`${module}.weight`] = tensor(layer.width, channels);
      tensors[`${module}.bias`] = tensor(layer.width);
    }
  }
  return tensors;
}

/** The same tensors under other names. */
export function renamed(tensors: StateDict, rename: (name: string) => string): StateDict {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));
}

/** Writes floats as `safetensors.torch.save` does, which sorts them by name. */
export function safetensorsFile(tensors: StateDict, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const data: Buffer[] = [];
  let position = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const name of Object.keys(tensors).sort()) {
    const { shape = [], values = [] } = tensors[name] ?? {};
    const bytes = Buffer.from(Float32Array.from(values).buffer);
    header[name] = { dtype: "F32", shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
    data.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...data]);
}

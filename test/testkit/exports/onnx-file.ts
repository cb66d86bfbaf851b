import { readFile } from "node:fs/promises";

/** The parts of an ONNX file that tests look at, read by the numbers of onnx.proto's fields. */
export interface OnnxFile {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly documentation: string;
  readonly opsetVersion: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxTensor {
  /** `TensorProto.DataType` */
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

export async function readOnnxFile(file: string): Promise<OnnxFile> {
  const model = new Message(await readFile(file));
  const graph = model.message(7);
  return {
    irVersion: model.number(1),
    producer: model.text(2),
    producerVersion: model.text(3),
    documentation: model.text(6),
    opsetVersion: model.message(8).number(2),
    properties: Object.fromEntries(model.messages(14).map((entry) => [entry.text(1), entry.text(2)])),
    nodes: graph.messages(1).map((node) => ({
      operator: node.text(4),
      inputs: node.texts(1),
      outputs: node.texts(2),
      attributes: Object.fromEntries(
        node
          .messages(5)
          .map((attribute) => [
            attribute.text(1),
            attribute.number(20) === 7 ? attribute.numbers(8) : attribute.number(3),
          ]),
      ),
    })),
    tensors: new Map(
      graph
        .messages(5)
        .map((tensor) => [
          tensor.text(8),
          { type: tensor.number(2), shape: tensor.numbers(1), bytes: tensor.bytes(9) },
        ]),
    ),
    inputs: graph.messages(11).map(graphValueOf),
    outputs: graph.messages(12).map(graphValueOf),
  };
}

/** The int8 values of a stored tensor. */
export function int8Of(tensor: OnnxTensor | undefined): Int8Array {
  return new Int8Array(Uint8Array.from(tensor?.bytes ?? []).buffer);
}

export function int32Of(tensor: OnnxTensor | undefined): Int32Array {
  return new Int32Array(Uint8Array.from(tensor?.bytes ?? []).buffer);
}

export function float32Of(tensor: OnnxTensor | undefined): Float32Array {
  return new Float32Array(Uint8Array.from(tensor?.bytes ?? []).buffer);
}

function graphValueOf(value: Message): OnnxValue {
  const tensor = value.message(2).message(1);
  return {
    name: value.text(1),
    type: tensor.number(1),
    shape: tensor
      .message(2)
      .messages(1)
      .map((size) => (size.has(2) ? size.text(2) : size.number(1))),
  };
}

// Ways in which a field is written; the others of ONNX have a length.
const VARINT = 0;
const FIXED32 = 5;

/** A message of protocol buffers. */
class Message {
  readonly #fields = new Map<number, (number | Uint8Array<ArrayBuffer>)[]>();

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    let position = 0;
    const varint = (): number => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[position++] ?? 0;
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return Number(BigInt.asIntN(64, value));
      }
    };
    while (position < bytes.length) {
      const tag = varint();
      const field = Math.floor(tag / 8);
      const values = this.#fields.get(field) ?? [];
      this.#fields.set(field, values);
      if (tag % 8 === VARINT) {
        values.push(varint());
      } else {
        const length = tag % 8 === FIXED32 ? 4 : varint();
        values.push(bytes.subarray(position, position + length));
        position += length;
      }
    }
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  numbers(field: number): readonly number[] {
    return (this.#fields.get(field) ?? []).map(Number);
  }

  number(field: number): number {
    return this.numbers(field)[0] ?? 0;
  }

  bytes(field: number): Uint8Array<ArrayBuffer> {
    return this.#parts(field)[0] ?? new Uint8Array();
  }

  texts(field: number): readonly string[] {
    return this.#parts(field).map((part) => Buffer.from(part).toString("utf8"));
  }

  text(field: number): string {
    return this.texts(field)[0] ?? "";
  }

  messages(field: number): readonly Message[] {
    return this.#parts(field).map((part) => new Message(part));
  }

  message(field: number): Message {
    return this.messages(field)[0] ?? new Message(new Uint8Array());
  }

  #parts(field: number): readonly Uint8Array<ArrayBuffer>[] {
    return (this.#fields.get(field) ?? []).filter((value) => typeof value !== "number");
  }
}

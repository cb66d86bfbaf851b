import { ProtobufWriter } from "../../../graph/saved-model/protobuf-writer.js";
import { type StoredTensor, sizeBytesOf, TENSOR_TYPES, type TensorType } from "./tensors.js";

// The numbers of fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Fields are written in the
// order of their numbers, as protocol buffer libraries do.

/** `AttributeProto.AttributeType` */
const ATTRIBUTE_TYPES = { integer: 2, integers: 7 } as const;

/** Whole numbers, and lists of them. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** An operation with one output, whose name it has. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

/** A `NodeProto` in the field of a message. */
export function writeNode(graph: ProtobufWriter, field: number, node: Node): void {
  graph.message(field, (message) => {
    for (const input of node.inputs) message.text(1, input);
    message.text(2, node.output);
    message.text(3, node.output);
    message.text(4, node.operator);
    for (const [name, value] of Object.entries(node.attributes)) {
      message.message(5, (attribute) => {
        attribute.text(1, name);
        if (typeof value === "number") attribute.integer(3, value);
        else for (const element of value) attribute.integer(8, element);
        attribute.integer(20, typeof value === "number" ? ATTRIBUTE_TYPES.integer : ATTRIBUTE_TYPES.integers);
      });
    }
  });
}

/** An input or output of the graph. A size that is a word has any value. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

/** A `ValueInfoProto` in the field of a message. */
export function writeGraphValue(
  graph: ProtobufWriter,
  field: number,
  { name, type, shape }: GraphValue,
): void {
  graph.message(field, (value) => {
    value.text(1, name);
    value.message(2, (typeMessage) =>
      typeMessage.message(1, (tensor) => {
        tensor.integer(1, TENSOR_TYPES[type].number);
        tensor.message(2, (sizes) => {
          for (const size of shape) {
            sizes.message(1, (dimension) => {
              if (typeof size === "number") dimension.integer(1, size);
              else dimension.text(2, size);
            });
          }
        });
      }),
    );
  });
}

/** The bytes of a `TensorProto` in the field of a message, up to the values, which follow. */
export function tensorPrefix(field: number, tensor: StoredTensor): Uint8Array {
  const sizeBytes = sizeBytesOf(tensor);
  const head = new ProtobufWriter();
  for (const size of tensor.shape) head.integer(1, size);
  head.integer(2, TENSOR_TYPES[tensor.type].number);
  head.text(8, tensor.name);
  head.lengthPrefix(9, sizeBytes);
  const headBytes = head.finish();
  const prefix = new ProtobufWriter();
  prefix.lengthPrefix(field, headBytes.length + sizeBytes);
  return Buffer.concat([prefix.finish(), headBytes]);
}

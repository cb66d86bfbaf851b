import type { AttributeValue, ConstantValue } from "../attribute-value.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { LIBRARY_FUNCTIONS, type LibraryFunction } from "../library-functions.js";
import type { DType, Shape } from "../tensor-spec.js";
import type { ProtobufWriter } from "./protobuf-writer.js";

/** tensorflow/core/framework/types.proto */
export const DATA_TYPE_NUMBERS: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
  uint32: 22,
  uint64: 23,
};

/** tensorflow/core/framework/versions.proto: the version of TensorFlow's graphs that is written. */
const PRODUCER_VERSION = 2129;
const MINIMUM_CONSUMER_VERSION = 12;

/** tensorflow/core/framework/graph.proto: GraphDef */
export function writeGraphDef(graphDef: ProtobufWriter, nodes: readonly GraphNode[]): void {
  for (const node of nodes) graphDef.message(1, (nodeDef) => writeNodeDef(nodeDef, node));
  const called = new Set(nodes.map(({ op }) => op));
  const functions = [...LIBRARY_FUNCTIONS].filter(([name]) => called.has(name));
  if (functions.length > 0) {
    graphDef.message(2, (library) => {
      for (const [name, content] of functions) {
        library.message(1, (functionDef) => writeFunctionDef(functionDef, name, content));
      }
    });
  }
  graphDef.message(4, (versions) => {
    versions.integer(1, PRODUCER_VERSION);
    versions.integer(2, MINIMUM_CONSUMER_VERSION);
  });
}

/** tensorflow/core/framework/node_def.proto */
function writeNodeDef(nodeDef: ProtobufWriter, node: GraphNode): void {
  nodeDef.text(1, node.name);
  nodeDef.text(2, node.op);
  for (const tensor of node.inputs) nodeDef.text(3, inputName(tensor));
  for (const control of node.controlInputs) nodeDef.text(3, `^${control.name}`);
  for (const [name, value] of Object.entries(node.attributes)) {
    nodeDef.mapEntry(5, name, (attrValue) => writeAttrValue(attrValue, value));
  }
}

/** tensorflow/core/framework/function.proto: a FunctionDef with one node */
function writeFunctionDef(
  functionDef: ProtobufWriter,
  name: string,
  { op, inputs, output, attributes }: LibraryFunction,
): void {
  const [inputNames, attributeNames] = [Object.keys(inputs), Object.keys(attributes)];
  functionDef.message(1, (opDef) => {
    opDef.text(1, name);
    for (const [input, dtype] of Object.entries(inputs)) {
      opDef.message(2, (argDef) => writeArgDef(argDef, input, dtype));
    }
    opDef.message(3, (argDef) => writeArgDef(argDef, output.name, output.dtype));
    for (const [attribute, type] of Object.entries(attributes)) {
      opDef.message(4, (attrDef) => {
        attrDef.text(1, attribute);
        attrDef.text(2, type);
      });
    }
  });
  functionDef.message(3, (nodeDef) => {
    nodeDef.text(1, op);
    nodeDef.text(2, op);
    for (const input of inputNames) nodeDef.text(3, input);
    nodeDef.mapEntry(5, "T", (attrValue) => writeAttrValue(attrValue, { type: output.dtype }));
    for (const attribute of attributeNames) {
      nodeDef.mapEntry(5, attribute, (attrValue) => attrValue.text(9, attribute)); // placeholder
    }
  });
  functionDef.message(4, (entry) => {
    entry.text(1, output.name);
    entry.text(2, `${op}:${output.name}:0`);
  });
  // In line, the operation would belong to the graph itself.
  functionDef.mapEntry(5, "_noinline", (attrValue) => writeAttrValue(attrValue, { bool: true }));
}

/** tensorflow/core/framework/op_def.proto */
function writeArgDef(argDef: ProtobufWriter, name: string, dtype: DType): void {
  argDef.text(1, name);
  argDef.integer(3, DATA_TYPE_NUMBERS[dtype]);
}

/** Inside a GraphDef the first output goes without its index. */
function inputName({ node, index }: Tensor): string {
  return index === 0 ? node.name : `${node.name}:${index}`;
}

/** tensorflow/core/framework/attr_value.proto */
function writeAttrValue(attrValue: ProtobufWriter, value: AttributeValue): void {
  if ("text" in value) attrValue.text(2, value.text);
  else if ("int" in value) attrValue.integer(3, value.int);
  else if ("float" in value) attrValue.float(4, value.float);
  else if ("bool" in value) attrValue.boolean(5, value.bool);
  else if ("type" in value) attrValue.integer(6, DATA_TYPE_NUMBERS[value.type]);
  else if ("shape" in value) attrValue.message(7, (shape) => writeTensorShape(shape, value.shape));
  else if ("tensor" in value) attrValue.message(8, (tensor) => writeTensor(tensor, value.tensor));
  else if ("ints" in value) {
    attrValue.message(1, (list) => {
      for (const int of value.ints) list.integer(3, int);
    });
  } else {
    attrValue.message(1, (list) => {
      for (const type of value.types) list.integer(6, DATA_TYPE_NUMBERS[type]);
    });
  }
}

/** tensorflow/core/framework/tensor_shape.proto; -1 stands for any size. */
export function writeTensorShape(tensorShape: ProtobufWriter, shape: Shape): void {
  for (const size of shape) tensorShape.message(2, (dim) => dim.integer(1, size ?? -1));
}

/** tensorflow/core/framework/tensor.proto */
function writeTensor(tensor: ProtobufWriter, { dtype, shape, content }: ConstantValue): void {
  tensor.integer(1, DATA_TYPE_NUMBERS[dtype]);
  tensor.message(2, (tensorShape) => writeTensorShape(tensorShape, shape));
  if (content instanceof Uint8Array) tensor.bytes(4, content);
  else for (const text of content) tensor.text(8, text);
}

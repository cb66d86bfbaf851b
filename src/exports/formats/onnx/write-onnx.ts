import { AppError } from "../../../core/app-error.js";
import type { ExportPrecision } from "../../../core/enumerations.js";
import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import { ProtobufWriter } from "../../../graph/saved-model/protobuf-writer.js";
import { bytesOf, ExportFile } from "../../files/export-file.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { describeGraph, IMAGES, PROBABILITIES } from "./describe-graph.js";
import { tensorPrefix, writeGraphValue, writeNode } from "./messages.js";
import { describeModel, modelProperties } from "./model-properties.js";
import type { OnnxGraph } from "./onnx-graph.js";
import { type StoredTensor, sizeBytesOf, type TensorContent } from "./tensors.js";

/** The version of the file format that came with opset 17. */
const IR_VERSION = 8;
const OPSET_VERSION = 17;
const BATCH = "N";
/** Programs read a model as one message, which protocol buffers limit to this size. */
const MAX_BYTES = 2 ** 31 - 1;

// Fields of `GraphProto` and `ModelProto`.
const INITIALIZER = 5;
const GRAPH = 7;

/**
 * Writes a network as an ONNX model. All sizes follow from the shapes of the weights, so that the weights are read and
 * written one layer at a time.
 *
 * @throws AppError `WEIGHTS_NOT_FINITE`; `EXPORT_TOO_LARGE` before anything is written
 */
export async function writeOnnx(
  network: ExportedNetwork,
  precision: ExportPrecision,
  file: string,
): Promise<void> {
  const graph = describeGraph(network, precision);
  const beforeTensors = nodesOf(graph, network);
  const afterTensors = valuesOf(network);
  const tensorBytes = graph.tensors.flatMap(({ tensors }) => tensors).reduce(addSize, 0);
  const graphBytes = beforeTensors.length + tensorBytes + afterTensors.length;
  const beforeGraph = headOf(network, precision, graphBytes);
  const afterGraph = tailOf(network);
  const sizeBytes = beforeGraph.length + graphBytes + afterGraph.length;
  if (sizeBytes > MAX_BYTES) {
    throw new AppError(
      "EXPORT_TOO_LARGE",
      `An ONNX file must have at most ${MAX_BYTES} bytes. This network in ${precision} needs ${sizeBytes}. ` +
        "Use a precision with fewer bits, or the format SAVED_MODEL.",
    );
  }
  await using written = await ExportFile.create(file);
  await written.append(beforeGraph);
  await written.append(beforeTensors);
  for (const { tensors, load } of graph.tensors) {
    const contents = await load();
    for (const [index, tensor] of tensors.entries()) {
      await appendTensor(written, tensor, contents[index] ?? []);
    }
  }
  await written.append(afterTensors);
  await written.append(afterGraph);
  await written.finish();
}

function addSize(total: number, tensor: StoredTensor): number {
  return total + tensorPrefix(INITIALIZER, tensor).length + sizeBytesOf(tensor);
}

async function appendTensor(file: ExportFile, tensor: StoredTensor, content: TensorContent): Promise<void> {
  await file.append(tensorPrefix(INITIALIZER, tensor));
  const start = file.sizeBytes;
  for (const elements of content) await file.append(bytesOf(elements));
  if (file.sizeBytes - start !== sizeBytesOf(tensor)) {
    throw new Error(
      `Expected ${sizeBytesOf(tensor)} bytes of ${tensor.name}. Received ${file.sizeBytes - start}.`,
    );
  }
}

function nodesOf({ nodes }: OnnxGraph, { spec }: ExportedNetwork): Uint8Array {
  const graph = new ProtobufWriter();
  for (const node of nodes) writeNode(graph, 1, node);
  graph.text(2, spec.architecture);
  return graph.finish();
}

function valuesOf({ imageSizePixels: size, classNames }: ExportedNetwork): Uint8Array {
  const graph = new ProtobufWriter();
  writeGraphValue(graph, 11, { name: IMAGES, type: "uint8", shape: [BATCH, size, size, IMAGE_CHANNELS] });
  writeGraphValue(graph, 12, { name: PROBABILITIES, type: "float32", shape: [BATCH, classNames.length] });
  return graph.finish();
}

function headOf(network: ExportedNetwork, precision: ExportPrecision, graphBytes: number): Uint8Array {
  const { producer, producerVersion, documentation } = describeModel(network, precision);
  const model = new ProtobufWriter();
  model.integer(1, IR_VERSION);
  model.text(2, producer);
  model.text(3, producerVersion);
  model.text(6, documentation);
  model.lengthPrefix(GRAPH, graphBytes);
  return model.finish();
}

function tailOf(network: ExportedNetwork): Uint8Array {
  const model = new ProtobufWriter();
  model.message(8, (operatorSet) => {
    operatorSet.text(1, "");
    operatorSet.integer(2, OPSET_VERSION);
  });
  for (const [key, value] of Object.entries(modelProperties(network))) {
    model.message(14, (property) => {
      property.text(1, key);
      property.text(2, value);
    });
  }
  return model.finish();
}

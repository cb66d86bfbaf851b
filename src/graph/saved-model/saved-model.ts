import type { GraphNode, Tensor } from "../graph-node.js";
import type { TensorSpec } from "../tensor-spec.js";
import type { Variable } from "../variables.js";
import { DATA_TYPE_NUMBERS, writeGraphDef, writeTensorShape } from "./graph-def.js";
import { ProtobufWriter } from "./protobuf-writer.js";
import type { Signature, SignatureTable } from "./signature.js";

/** The nodes that a loader runs to fill the variables from the files below `variables/`. */
export interface Saver {
  /** string []: fed with the prefix of the files. */
  readonly prefix: Tensor;
  /** string []: fetched to save. */
  readonly save: Tensor;
  readonly restore: GraphNode;
}

export interface SavedModelContent {
  readonly nodes: readonly GraphNode[];
  readonly signatures: SignatureTable;
  /** Null: no loader can fill the variables, or there are none. */
  readonly saver: Saver | null;
  readonly variables: readonly Variable[];
}

const SCHEMA_VERSION = 1;
/** The tag by which every loader finds the graph that serves. */
const SERVE_TAG = "serve";
const TENSORFLOW_VERSION = "2.21.0";
const SAVER_VERSION_V2 = 2;

/** The method name of a signature that TensorFlow Serving answers. */
const PREDICT_METHOD = "tensorflow/serving/predict";

/** @returns the content of `saved_model.pb` (tensorflow/core/protobuf/saved_model.proto) */
export function encodeSavedModel(content: SavedModelContent): Uint8Array {
  const savedModel = new ProtobufWriter();
  savedModel.integer(1, SCHEMA_VERSION);
  savedModel.message(2, (metaGraph) => writeMetaGraph(metaGraph, content));
  return savedModel.finish();
}

/** tensorflow/core/protobuf/meta_graph.proto */
function writeMetaGraph(metaGraph: ProtobufWriter, content: SavedModelContent): void {
  metaGraph.message(1, (metaInfo) => {
    metaInfo.text(4, SERVE_TAG);
    metaInfo.text(5, TENSORFLOW_VERSION);
  });
  metaGraph.message(2, (graphDef) => writeGraphDef(graphDef, content.nodes));
  const { saver } = content;
  if (saver !== null) metaGraph.message(3, (saverDef) => writeSaverDef(saverDef, saver));
  const collections = {
    variables: content.variables,
    trainable_variables: content.variables.filter(({ trainable }) => trainable),
  };
  for (const [name, variables] of Object.entries(collections)) {
    metaGraph.mapEntry(4, name, (collection) => {
      collection.message(2, (bytesList) => {
        for (const variable of variables) bytesList.message(1, (def) => writeVariableDef(def, variable));
      });
    });
  }
  for (const [name, signature] of Object.entries(content.signatures)) {
    metaGraph.mapEntry(5, name, (signatureDef) => writeSignatureDef(signatureDef, signature));
  }
}

/** tensorflow/core/protobuf/saver.proto */
function writeSaverDef(saverDef: ProtobufWriter, { prefix, save, restore }: Saver): void {
  saverDef.text(1, prefix.name);
  saverDef.text(2, save.name);
  saverDef.text(3, restore.name);
  saverDef.integer(7, SAVER_VERSION_V2);
}

/** tensorflow/core/framework/variable.proto */
function writeVariableDef(variableDef: ProtobufWriter, variable: Variable): void {
  variableDef.text(1, variable.handle.name);
  variableDef.text(2, variable.initialize.name);
  variableDef.text(3, variable.snapshot.name);
  variableDef.boolean(5, true); // is_resource
  variableDef.text(6, variable.initialize.input(1).name);
  variableDef.boolean(7, variable.trainable);
}

function writeSignatureDef(signatureDef: ProtobufWriter, { inputs, outputs }: Signature): void {
  for (const [name, spec] of Object.entries(inputs)) {
    signatureDef.mapEntry(1, name, (tensorInfo) => writeTensorInfo(tensorInfo, spec));
  }
  for (const [name, spec] of Object.entries(outputs)) {
    signatureDef.mapEntry(2, name, (tensorInfo) => writeTensorInfo(tensorInfo, spec));
  }
  signatureDef.text(3, PREDICT_METHOD);
}

function writeTensorInfo(tensorInfo: ProtobufWriter, { name, dtype, shape }: TensorSpec): void {
  tensorInfo.text(1, name);
  tensorInfo.integer(2, DATA_TYPE_NUMBERS[dtype]);
  tensorInfo.message(3, (tensorShape) => writeTensorShape(tensorShape, shape));
}

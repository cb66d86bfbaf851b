import { createRequire } from "node:module";

/** The messages of TensorFlow.js's own decoder, as far as the tests read them. */
interface AttrValueMessage {
  getS_asB64?(): string;
  getS(): string | Uint8Array;
  getI(): number;
  getF(): number;
  getB(): boolean;
  getType(): number;
  getShape(): ShapeMessage | undefined;
  getTensor(): TensorMessage | undefined;
  getList(): { getIList(): number[]; getTypeList(): number[] } | undefined;
  getValueCase(): number;
}
interface ShapeMessage {
  getDimList(): { getSize(): number }[];
}
interface TensorMessage {
  getDtype(): number;
  getTensorShape(): ShapeMessage;
  getTensorContent_asU8(): Uint8Array;
  getStringValList_asU8(): Uint8Array[];
}
interface TensorInfoMessage {
  getName(): string;
  getDtype(): number;
  getTensorShape(): ShapeMessage;
}
interface MapMessage<V> {
  forEach(visit: (value: V, key: string) => void): void;
}
interface SignatureMessage {
  getInputsMap(): MapMessage<TensorInfoMessage>;
  getOutputsMap(): MapMessage<TensorInfoMessage>;
  getMethodName(): string;
}
interface SavedModelMessage {
  getSavedModelSchemaVersion(): number;
  getMetaGraphsList(): {
    getMetaInfoDef(): { getTagsList(): string[] };
    getGraphDef(): {
      getNodeList(): {
        getName(): string;
        getOp(): string;
        getInputList(): string[];
        getAttrMap(): MapMessage<AttrValueMessage>;
      }[];
      getLibrary(): { getFunctionList(): unknown[] } | undefined;
    };
    getSaverDef():
      | {
          getFilenameTensorName(): string;
          getSaveTensorName(): string;
          getRestoreOpName(): string;
          getVersion(): number;
        }
      | undefined;
    getCollectionDefMap(): MapMessage<{ getBytesList(): { getValueList_asU8(): Uint8Array[] } }>;
    getSignatureDefMap(): MapMessage<SignatureMessage>;
  }[];
}

const { SavedModel } = createRequire(import.meta.url)("@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js") as {
  SavedModel: { deserializeBinary(bytes: Uint8Array): SavedModelMessage };
};

export interface DecodedNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttrValueMessage>;
}

/** `saved_model.pb` read back by a decoder that is not ours. */
export function decodeSavedModel(bytes: Uint8Array) {
  const message = SavedModel.deserializeBinary(bytes);
  const [metaGraph, ...others] = message.getMetaGraphsList();
  if (metaGraph === undefined || others.length > 0) throw new Error("Expected one meta graph.");
  const nodes: DecodedNode[] = metaGraph
    .getGraphDef()
    .getNodeList()
    .map((node) => ({
      name: node.getName(),
      op: node.getOp(),
      inputs: node.getInputList(),
      attributes: mapOf(node.getAttrMap()),
    }));
  const saver = metaGraph.getSaverDef();
  return {
    schemaVersion: message.getSavedModelSchemaVersion(),
    tags: metaGraph.getMetaInfoDef().getTagsList(),
    nodes,
    functionCount: metaGraph.getGraphDef().getLibrary()?.getFunctionList().length ?? 0,
    saver:
      saver === undefined
        ? null
        : {
            prefix: saver.getFilenameTensorName(),
            save: saver.getSaveTensorName(),
            restore: saver.getRestoreOpName(),
            version: saver.getVersion(),
          },
    collections: new Map(
      [...mapOf(metaGraph.getCollectionDefMap())].map(([name, collection]) => [
        name,
        collection.getBytesList().getValueList_asU8(),
      ]),
    ),
    signatures: mapOf(metaGraph.getSignatureDefMap()),
  };
}

export function mapOf<V>(map: MapMessage<V>): Map<string, V> {
  const entries = new Map<string, V>();
  map.forEach((value, key) => {
    entries.set(key, value);
  });
  return entries;
}

/** Sizes with null for the format's -1. */
export function sizesOf(shape: ShapeMessage | undefined): (number | null)[] {
  return (shape?.getDimList() ?? []).map((dim) => (dim.getSize() === -1 ? null : dim.getSize()));
}

import { AppError } from "../../../core/app-error.js";
import type { ExportPrecision } from "../../../core/enumerations.js";
import { ExportFile } from "../../files/export-file.js";
import { StoredZip } from "../../files/stored-zip.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { formatLabels, LABELS_FILE } from "../labels.js";
import type { Arithmetic } from "./arithmetic.js";
import type { EncodedFlatbuffer, StreamedBytes } from "./flatbuffer.js";
import { floatArithmetic } from "./float-arithmetic.js";
import { int8Arithmetic } from "./int8-arithmetic.js";
import { lowerNetwork } from "./lower-network.js";
import { encodeMetadata, FACTS_FILE, formatFacts } from "./metadata.js";
import { encodeModel } from "./schema.js";

/** Offsets in a FlatBuffer have 32 bits, and readers refuse more than 31. */
const MAX_FLATBUFFER_BYTES = 2 ** 31 - 1;
/** TensorFlow's converter reserves as many for the version of the runtime. */
const RUNTIME_VERSION_BYTES = 16;

/**
 * Writes a TensorFlow Lite model with its labels and facts in a zip archive behind it. The weights of one layer at a time
 * are in memory.
 *
 * @param file does not exist
 * @throws AppError `WEIGHTS_NOT_FINITE`, `EXPORT_TOO_LARGE`; errors of the disk
 */
export async function writeTflite(
  network: ExportedNetwork,
  precision: ExportPrecision,
  file: string,
): Promise<void> {
  const arithmetic = arithmeticOf(network, precision);
  const { graph, images, probabilities, streamed } = lowerNetwork(network, arithmetic);
  const metadata = new Map<string, Uint8Array>([
    ["min_runtime_version", runtimeVersion(arithmetic)],
    ["TFLITE_METADATA", encodeMetadata(network)],
  ]);
  const description = `${network.identity.modelVersion}, exported by ${network.identity.product}`;
  const encode = (): EncodedFlatbuffer =>
    encodeModel({
      description,
      arithmetic: arithmetic.kind,
      tensors: graph.tensors,
      operators: graph.operators,
      images,
      probabilities,
      metadata,
    });

  const layout = encode();
  requireSize(layout.sizeBytes, precision);
  await using target = await ExportFile.create(file);
  await target.append(layout.head);
  const positions = new Map(layout.streamed.map(({ bytes, position }) => [bytes, position]));
  for (const { layer, kernel, bias, store } of streamed) {
    const stored = store(await network.weightsOf(layer));
    await appendVector(target, kernel, positions.get(kernel), stored.kernel);
    await appendVector(target, bias, positions.get(bias), [stored.bias]);
  }
  // The scales of quantized weights are known by now.
  await target.overwrite(0, encode().head);
  const archive = new StoredZip(target, network.identity.registeredAt);
  await archive.add(LABELS_FILE, Buffer.from(formatLabels(network.classNames)));
  await archive.add(FACTS_FILE, Buffer.from(formatFacts(network, precision)));
  await archive.finish();
  await target.finish();
}

function arithmeticOf(network: ExportedNetwork, precision: ExportPrecision): Arithmetic {
  return precision === "INT8" ? int8Arithmetic(network) : floatArithmetic(network, precision);
}

function runtimeVersion({ minimumRuntimeVersion }: Arithmetic): Buffer {
  const bytes = Buffer.alloc(RUNTIME_VERSION_BYTES);
  bytes.write(minimumRuntimeVersion, "latin1");
  return bytes;
}

function requireSize(sizeBytes: number, precision: ExportPrecision): void {
  if (sizeBytes <= MAX_FLATBUFFER_BYTES) return;
  const others = { FLOAT32: "FLOAT16, INT8", FLOAT16: "INT8", INT8: "a smaller network" }[precision];
  throw new AppError(
    "EXPORT_TOO_LARGE",
    `A TensorFlow Lite file holds less than 2 GiB. In ${precision} this network takes ${sizeBytes} bytes: choose ` +
      `${others} or SAVED_MODEL.`,
  );
}

/** Appends the length and the content of a vector of bytes. @param position of the content */
async function appendVector(
  file: ExportFile,
  { sizeBytes }: StreamedBytes,
  position: number | undefined,
  content: Iterable<Uint8Array>,
): Promise<void> {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sizeBytes);
  const start = (position ?? 0) - length.length;
  await file.append(new Uint8Array(start - file.sizeBytes));
  await file.append(length);
  for (const piece of content) await file.append(piece);
  const written = file.sizeBytes - start - length.length;
  if (written !== sizeBytes) throw new Error(`Expected ${sizeBytes} bytes of weights. Received ${written}.`);
}

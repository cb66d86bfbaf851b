import type { ExportPrecision } from "../../../core/enumerations.js";
import { inputContractOf } from "../../../core/input-contract.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { LABELS_FILE } from "../labels.js";
import {
  encodeFlatbuffer,
  type FlatTable,
  float32Numbers,
  int8,
  list,
  table,
  text,
  uint32,
} from "./flatbuffer.js";

// Numbers and fields of TensorFlow Lite's metadata_schema.fbs, version 1.0.0.
const FILE_IDENTIFIER = "M001";
const PARSER_VERSION = "1.0.0";
const FILE_TYPES = { DESCRIPTIONS: 1, TENSOR_AXIS_LABELS: 2 } as const;
const CONTENT_PROPERTIES = { FEATURE: 1, IMAGE: 2 } as const;
const PROCESS_UNITS = { NORMALIZATION: 1 } as const;
const COLOR_SPACES = { RGB: 1 } as const;

/** The name of the file with the facts about the model inside the exported file. */
export const FACTS_FILE = "espalier.json";

type DescribedNetwork = Pick<ExportedNetwork, "identity" | "classNames" | "imageSizePixels" | "spec">;

/** Encodes TensorFlow Lite's own description of a model, which MediaPipe, ML Kit and Android Studio read. */
export function encodeMetadata(network: DescribedNetwork): Buffer<ArrayBuffer> {
  const { modelVersion, description, product } = network.identity;
  const { name, version } = partsOf(modelVersion);
  const subgraph = table(null, null, list([imagesMetadata(network)]), list([probabilitiesMetadata()]));
  const root = table(
    text(name),
    text(description === "" ? `The image classifier ${modelVersion}.` : description),
    text(version),
    list([subgraph]),
    text(product),
    null,
    list([
      associatedFile(FACTS_FILE, "Where the model comes from, and its exact class names.", "DESCRIPTIONS"),
    ]),
    text(PARSER_VERSION),
  );
  return encodeFlatbuffer(root, FILE_IDENTIFIER).head;
}

function imagesMetadata({ imageSizePixels }: DescribedNetwork): FlatTable {
  const size = table(uint32(imageSizePixels), uint32(imageSizePixels));
  const properties = table(int8(COLOR_SPACES.RGB), size);
  // The network scales pixels itself, so they enter as they are: (pixel - 0) / 1.
  const normalization = table(float32Numbers(Float32Array.of(0)), float32Numbers(Float32Array.of(1)));
  return table(
    text("image"),
    text(
      `Pixels from 0 to 255, red first, of an image that is stretched to ${imageSizePixels} x ${imageSizePixels}.`,
    ),
    null,
    table(int8(CONTENT_PROPERTIES.IMAGE), properties),
    list([table(int8(PROCESS_UNITS.NORMALIZATION), normalization)]),
    statistics(0, 255),
  );
}

function probabilitiesMetadata(): FlatTable {
  return table(
    text("probability"),
    text("The probability of each class."),
    null,
    table(int8(CONTENT_PROPERTIES.FEATURE), table()),
    null,
    statistics(0, 1),
    list([associatedFile(LABELS_FILE, "The class of each probability.", "TENSOR_AXIS_LABELS")]),
  );
}

function statistics(minimum: number, maximum: number): FlatTable {
  return table(float32Numbers(Float32Array.of(maximum)), float32Numbers(Float32Array.of(minimum)));
}

function associatedFile(name: string, description: string, type: keyof typeof FILE_TYPES): FlatTable {
  return table(text(name), text(description), int8(FILE_TYPES[type]));
}

/** "flowers:3" is the version "3" of "flowers". */
function partsOf(modelVersion: string): { readonly name: string; readonly version: string } {
  const colon = modelVersion.lastIndexOf(":");
  return { name: modelVersion.slice(0, colon), version: modelVersion.slice(colon + 1) };
}

/** The facts about the model, for programs: JSON with the exact class names and the origin. */
export function formatFacts(network: DescribedNetwork, precision: ExportPrecision): string {
  const { identity, classNames, spec } = network;
  const { architecture, widthMultiplier } = spec;
  const { imageSizePixels, channelOrder, valueRange, preprocessing, decoding } = inputContractOf(spec);
  const input = { imageSizePixels, channelOrder, valueRange, preprocessing, decoding };
  const facts = { ...identity, architecture, widthMultiplier, precision, input, classNames };
  return `${JSON.stringify(facts, null, 2)}\n`;
}

import { open } from "node:fs/promises";
import { OwnedResources } from "../../lang/owned-resources.js";
import { ByteRange } from "./byte-range.js";
import { looksLikeHdf5 } from "./hdf5/hdf5-file.js";
import { invalidWeights, quoted } from "./invalid-weights.js";
import { isKerasZip, type KerasContent, readKerasArchive, readKerasHdf5 } from "./keras/keras-file.js";
import { looksLikeSafetensors, readSafetensors } from "./safetensors.js";
import { looksLikeZip, readStoredZip } from "./stored-zip.js";
import { classListsOfTexts } from "./torch/class-lists.js";
import {
  isTorchZip,
  looksLikeLegacyTorch,
  readLegacyTorch,
  readTorchZip,
  type TorchContent,
} from "./torch/torch-file.js";

/** An open file of weights; its tensors can be read until it is disposed. */
export interface WeightsFile extends AsyncDisposable {
  readonly content: WeightsContent;
}

export type WeightsContent =
  | ({ readonly naming: "keras" } & KerasContent)
  | ({ readonly naming: "torch" } & TorchContent);

const START_BYTES = 32;
/** The largest networks known here have some hundred. The search for a network among many more would take long. */
const MAX_TENSORS = 20_000;

/**
 * Opens Keras's `.h5`, `.weights.h5` and `.keras`, safetensors, and files of `torch.save`. The first bytes tell the format.
 * Only the descriptions of tensors are read.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function openWeightsFile(path: string): Promise<WeightsFile> {
  await using opening = new OwnedResources();
  const file = await ByteRange.of(opening.own(await open(path, "r")));
  const content = await readContent(file);
  if (content.naming === "torch" && content.tensors.size > MAX_TENSORS) {
    throw invalidWeights(`at most ${MAX_TENSORS} tensors`, `${content.tensors.size}`);
  }
  const opened = opening.move();
  return { content, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function readContent(file: ByteRange): Promise<WeightsContent> {
  const start = await file.read(0, Math.min(file.length, START_BYTES), "its first bytes");
  if (looksLikeHdf5(start)) {
    return { naming: "keras", ...(await readKerasHdf5(file)) };
  }
  if (looksLikeZip(start)) {
    const entries = await readStoredZip(file, requireWeights);
    if (isTorchZip([...entries.keys()])) return { naming: "torch", ...(await readTorchZip(entries)) };
    return { naming: "keras", ...(await readKerasArchive(entries)) };
  }
  if (looksLikeLegacyTorch(start)) return { naming: "torch", ...(await readLegacyTorch(file)) };
  if (looksLikeSafetensors(start, file.length)) {
    const { tensors, metadata } = await readSafetensors(file);
    const classLists = classListsOfTexts(metadata);
    return { naming: "torch", tensors, isOrdered: false, container: null, classLists };
  }
  throw invalidWeights(
    "one of the formats Keras .h5, .weights.h5 or .keras, safetensors, torch .pth",
    start.length === 0 ? "an empty file" : `a file that begins with ${start.toString("hex", 0, 8)}`,
  );
}

/** @throws AppError `WEIGHTS_INVALID` for a zip of other files, such as photographs */
function requireWeights(names: readonly string[]): void {
  if (isTorchZip(names) || isKerasZip(names)) return;
  const [first] = names;
  throw invalidWeights(
    "the content of a zip of torch or of Keras",
    first === undefined ? "an empty zip" : `a zip of other files, such as ${quoted(first)}`,
  );
}

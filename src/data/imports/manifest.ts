import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AppError } from "../../core/app-error.js";
import type { QuarantinedFileRecord, SampleRecord } from "../../core/dataset-records.js";
import { listAsText } from "../../lang/text/value-as-text.js";
import { findClassFolders } from "../sources/class-folders.js";
import { assignSplits, type EarlierSplits, type SplitRatios } from "./split-assignment.js";

/** A file that was read and decoded, without a label yet. */
export interface AcceptedImage {
  readonly sourceName: string;
  readonly contentHash: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export type RejectedFile = Omit<QuarantinedFileRecord, "position">;
export type ManifestSample = Omit<SampleRecord, "id" | "versionId" | "className">;

/** The content of a version. */
export interface Manifest {
  /** SHA-256, see {@link manifestHash}. */
  readonly hash: string;
  /** Sorted by code unit. */
  readonly classNames: readonly string[];
  /** By position. */
  readonly samples: readonly ManifestSample[];
  /** By source name. */
  readonly quarantine: readonly QuarantinedFileRecord[];
}

/** A classifier needs something to distinguish. */
const MIN_CLASSES = 2;

/**
 * Labels, checks, splits and orders the images of an import, class by class. Other work of the process can run between
 * two classes.
 *
 * Copies of an image inside one class all stay, in the same split. An image in the folders of different classes is
 * quarantined with all its copies, since none of its labels can be trusted.
 *
 * @throws AppError `NO_IMAGES`, `NO_CLASSES`
 */
export async function buildManifest(
  accepted: readonly AcceptedImage[],
  rejected: readonly RejectedFile[],
  ratios: SplitRatios,
  earlier: EarlierSplits | null,
): Promise<Manifest> {
  const { imagesByClass, quarantined } = label(accepted);
  await setImmediate();
  const quarantine = [...rejected, ...quarantined].sort((a, b) => compare(a.sourceName, b.sourceName));
  const classNames = [...imagesByClass.keys()].sort(compare);
  requireClasses(classNames, accepted.length, quarantine);

  const samples: ManifestSample[] = [];
  for (const [classIndex, className] of classNames.entries()) {
    await setImmediate();
    const images = (imagesByClass.get(className) ?? []).map((image) => ({ ...image, classIndex }));
    const splits = assignSplits(images, ratios, earlier);
    images.sort((a, b) => compare(a.contentHash, b.contentHash) || compare(a.sourceName, b.sourceName));
    for (const image of images) {
      const split = splits.get(image.contentHash) ?? "TRAIN";
      samples.push({ ...image, position: samples.length, split });
    }
  }
  return {
    hash: manifestHash(classNames, samples),
    classNames,
    samples,
    quarantine: quarantine.map((file, position) => ({ ...file, position })),
  };
}

/**
 * Identifies the data that a run learns from: the class names, and the content, class and split of every image. It does
 * not depend on file names, dates, ids, the name of the dataset or the order of the import.
 *
 * @param samples sorted by class, then content
 */
function manifestHash(
  classNames: readonly string[],
  samples: Iterable<Pick<ManifestSample, "classIndex" | "contentHash" | "split">>,
): string {
  const digest = createHash("sha256").update(`espalier manifest 1\n${JSON.stringify(classNames)}\n`);
  for (const { classIndex, contentHash, split } of samples)
    digest.update(`${classIndex} ${contentHash} ${split}\n`);
  return digest.digest("hex");
}

interface Labeled {
  readonly imagesByClass: ReadonlyMap<string, readonly AcceptedImage[]>;
  readonly quarantined: readonly RejectedFile[];
}

function label(accepted: readonly AcceptedImage[]): Labeled {
  const folders = findClassFolders(accepted.map(({ sourceName }) => sourceName));
  const classesByHash = new Map<string, Set<string>>();
  const labels = accepted.map(({ sourceName, contentHash }) => {
    const className = folders.classOf(sourceName);
    if (className !== null) addTo(classesByHash, contentHash, className);
    return className;
  });
  const imagesByClass = new Map<string, AcceptedImage[]>();
  const quarantined: RejectedFile[] = [];
  for (const [index, image] of accepted.entries()) {
    const { sourceName, contentHash } = image;
    const className = labels[index] ?? null;
    const classes = classesByHash.get(contentHash);
    if (className === null) {
      quarantined.push({
        sourceName,
        reason: "OUTSIDE_CLASS_FOLDERS",
        detail: "It is outside of the class folders, so it has no label.",
      });
    } else if (classes !== undefined && classes.size > 1) {
      quarantined.push({
        sourceName,
        reason: "CONFLICTING_LABEL",
        detail: `The same bytes are in the classes ${listAsText([...classes].sort(compare))}.`,
      });
    } else {
      const images = imagesByClass.get(className) ?? [];
      imagesByClass.set(className, images);
      images.push(image);
    }
  }
  return { imagesByClass, quarantined };
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function requireClasses(
  classNames: readonly string[],
  acceptedCount: number,
  quarantine: readonly RejectedFile[],
): void {
  if (acceptedCount === 0) {
    const [first] = quarantine;
    throw new AppError(
      "NO_IMAGES",
      quarantine.length === 0 || first === undefined
        ? "The source must contain images, in one folder per class. It contains no files."
        : `The source must contain images, in one folder per class. None of its ${quarantine.length} files can be used; ` +
            `the first is ${JSON.stringify(first.sourceName)}: ${first.reason}, ${first.detail}`,
    );
  }
  if (classNames.length >= MIN_CLASSES) return;
  const found = classNames.length === 0 ? "none" : `only ${JSON.stringify(classNames[0])}`;
  throw new AppError(
    "NO_CLASSES",
    `The images must be in at least two class folders, such as daisy/1.jpg and rose/2.jpg. Found ${found}.`,
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

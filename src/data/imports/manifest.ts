import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AppError } from "../../core/app-error.js";
import type { QuarantinedFileRecord, SampleRecord } from "../../core/dataset-records.js";
import { findClassFolders } from "../sources/class-folders.js";
import { assignSplits, type EarlierSplits, type SplitRatios } from "./split-assignment.js";

/** A file that was read and decoded, before it is known what it is labelled. */
export interface AcceptedPicture {
  readonly sourceName: string;
  readonly contentHash: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export type RejectedFile = Omit<QuarantinedFileRecord, "position">;
export type ManifestSample = Omit<SampleRecord, "id" | "versionId" | "className">;

/** What a version consists of. */
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

/** A problem of one class is of no use alone: there is nothing to tell apart. */
const FEWEST_CLASSES = 2;

/**
 * Labels, checks, splits and orders the pictures of an import, class by class, giving way to other work
 * in between.
 *
 * Copies inside one class are all kept, in one split. A content that lies in folders of different classes
 * is quarantined with all its copies, since no label of it can be trusted.
 *
 * @throws AppError `NO_IMAGES`, `NO_CLASSES`
 */
export async function buildManifest(
  accepted: readonly AcceptedPicture[],
  rejected: readonly RejectedFile[],
  ratios: SplitRatios,
  earlier: EarlierSplits | null,
): Promise<Manifest> {
  const { picturesByClass, quarantined } = label(accepted);
  await setImmediate();
  const quarantine = [...rejected, ...quarantined].sort((a, b) => compare(a.sourceName, b.sourceName));
  const classNames = [...picturesByClass.keys()].sort(compare);
  requireClasses(classNames, accepted.length, quarantine);

  const samples: ManifestSample[] = [];
  for (const [classIndex, className] of classNames.entries()) {
    await setImmediate();
    const pictures = (picturesByClass.get(className) ?? []).map((picture) => ({ ...picture, classIndex }));
    const splits = assignSplits(pictures, ratios, earlier);
    pictures.sort((a, b) => compare(a.contentHash, b.contentHash) || compare(a.sourceName, b.sourceName));
    for (const picture of pictures) {
      const split = splits.get(picture.contentHash) ?? "TRAIN";
      samples.push({ ...picture, position: samples.length, split });
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
 * Identifies what a run learns from: the class names and every picture's content, class and split.
 * File names, dates, ids, the data set's name and the order of import are no part of it.
 *
 * @param samples sorted by class, then content
 */
export function manifestHash(
  classNames: readonly string[],
  samples: Iterable<Pick<ManifestSample, "classIndex" | "contentHash" | "split">>,
): string {
  const digest = createHash("sha256").update(`espalier manifest 1\n${JSON.stringify(classNames)}\n`);
  for (const { classIndex, contentHash, split } of samples)
    digest.update(`${classIndex} ${contentHash} ${split}\n`);
  return digest.digest("hex");
}

interface Labelled {
  readonly picturesByClass: ReadonlyMap<string, readonly AcceptedPicture[]>;
  readonly quarantined: readonly RejectedFile[];
}

function label(accepted: readonly AcceptedPicture[]): Labelled {
  const folders = findClassFolders(accepted.map(({ sourceName }) => sourceName));
  const classesByHash = new Map<string, Set<string>>();
  const labels = accepted.map(({ sourceName, contentHash }) => {
    const className = folders.classOf(sourceName);
    if (className !== null) addTo(classesByHash, contentHash, className);
    return className;
  });
  const picturesByClass = new Map<string, AcceptedPicture[]>();
  const quarantined: RejectedFile[] = [];
  for (const [index, picture] of accepted.entries()) {
    const { sourceName, contentHash } = picture;
    const className = labels[index] ?? null;
    const classes = classesByHash.get(contentHash);
    if (className === null) {
      quarantined.push({
        sourceName,
        reason: "OUTSIDE_CLASS_FOLDERS",
        detail: "It lies beside the folders of the classes, so it has no label.",
      });
    } else if (classes !== undefined && classes.size > 1) {
      quarantined.push({
        sourceName,
        reason: "CONFLICTING_LABEL",
        detail: `The same bytes lie in the classes ${[...classes].sort(compare).join(", ")}.`,
      });
    } else {
      const pictures = picturesByClass.get(className) ?? [];
      picturesByClass.set(className, pictures);
      pictures.push(picture);
    }
  }
  return { picturesByClass, quarantined };
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
        ? "The source must hold pictures, in one folder per class. It holds no files."
        : `The source must hold pictures, in one folder per class. None of its ${quarantine.length} files can be used; ` +
            `the first is ${JSON.stringify(first.sourceName)}: ${first.reason}, ${first.detail}`,
    );
  }
  if (classNames.length >= FEWEST_CLASSES) return;
  const found = classNames.length === 0 ? "none" : `only ${JSON.stringify(classNames[0])}`;
  throw new AppError(
    "NO_CLASSES",
    `The pictures must lie in one folder per class, at least two, such as daisy/1.jpg and rose/2.jpg. Found ${found}.`,
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

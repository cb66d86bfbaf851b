import { createHash } from "node:crypto";
import { AppError } from "../core/app-error.js";
import type { QuarantinedFileRecord, SampleRecord } from "../core/dataset-records.js";
import { findClassFolders } from "./class-folders.js";
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
 * Labels, checks, splits and orders the pictures of an import.
 *
 * Copies inside one class are all kept, in one split. A content that lies in folders of different classes
 * is quarantined with all its copies, since no label of it can be trusted.
 *
 * @throws AppError `NO_IMAGES`, `NO_CLASSES`
 */
export function buildManifest(
  accepted: readonly AcceptedPicture[],
  rejected: readonly RejectedFile[],
  ratios: SplitRatios,
  earlier: EarlierSplits | null,
): Manifest {
  const { labelled, quarantined } = label(accepted);
  const quarantine = [...rejected, ...quarantined].sort((a, b) => compare(a.sourceName, b.sourceName));
  const classNames = [...new Set(labelled.map(({ className }) => className))].sort(compare);
  requireClasses(classNames, accepted.length, quarantine);

  const indices = new Map(classNames.map((name, index) => [name, index]));
  const indexed = labelled.map((picture) => ({
    ...picture,
    classIndex: indices.get(picture.className) ?? -1,
  }));
  const splits = assignSplits(indexed, ratios, earlier);
  const samples = indexed
    .sort(
      (a, b) =>
        a.classIndex - b.classIndex ||
        compare(a.contentHash, b.contentHash) ||
        compare(a.sourceName, b.sourceName),
    )
    .map(({ className: _, ...picture }, position) => ({
      ...picture,
      position,
      split: splits.get(picture.contentHash) ?? "TRAIN",
    }));
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

function label(accepted: readonly AcceptedPicture[]): {
  labelled: (AcceptedPicture & { className: string })[];
  quarantined: RejectedFile[];
} {
  const folders = findClassFolders(accepted.map(({ sourceName }) => sourceName));
  const classesByHash = new Map<string, Set<string>>();
  const inClass: (AcceptedPicture & { className: string })[] = [];
  const quarantined: RejectedFile[] = [];
  for (const picture of accepted) {
    const className = folders.classOf(picture.sourceName);
    if (className === null) {
      quarantined.push({
        sourceName: picture.sourceName,
        reason: "OUTSIDE_CLASS_FOLDERS",
        detail: "It lies beside the folders of the classes, so it has no label.",
      });
      continue;
    }
    inClass.push({ ...picture, className });
    const classes = classesByHash.get(picture.contentHash) ?? new Set();
    classesByHash.set(picture.contentHash, classes.add(className));
  }
  const labelled = inClass.filter(({ contentHash, sourceName }) => {
    const classes = classesByHash.get(contentHash);
    if (classes === undefined || classes.size === 1) return true;
    quarantined.push({
      sourceName,
      reason: "CONFLICTING_LABEL",
      detail: `The same bytes lie in the classes ${[...classes].sort(compare).join(", ")}.`,
    });
    return false;
  });
  return { labelled, quarantined };
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

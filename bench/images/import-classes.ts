import path from "node:path";
import { importDataset } from "../../src/client/import-dataset.js";
import type { BenchContext } from "../benchmark.js";
import type { WorkFolder } from "../server/work-folder.js";
import { dealToClasses } from "./link-images.js";
import { providePictures } from "./provide-images.js";

export interface ClassifiedPictures {
  /** An archive of class folders; null: flowers are drawn. */
  readonly dataFile: string | null;
  readonly classes: number;
}

/** Of the training pictures; few, since a benchmark of steps never gets to validation. */
const VALIDATION_FRACTION = 0.2;
/** So that several steps fit into an epoch when the classes are few. */
const FEWEST_PICTURES = 240;

/**
 * Imports real pictures as a data set of that many classes, in a server of its own, so that what importing
 * takes is no part of what is measured.
 *
 * @returns the data set's version, such as "pictures:1"
 */
export async function importClassifiedPictures(
  work: WorkFolder,
  { dataFile, classes }: ClassifiedPictures,
  context: BenchContext,
): Promise<string> {
  // A class has a picture to train with; those of the first classes have one more, to validate with.
  const count = Math.max(FEWEST_PICTURES, Math.ceil(classes * (1 + VALIDATION_FRACTION)));
  const source = path.join(work.picturesFolder, "source");
  const pictures = await providePictures({ dataFile, atLeast: count, folder: source }, context);
  await dealToClasses(pictures, classes, count, path.join(work.picturesFolder, "dealt"));
  context.report(`importing ${count} pictures of ${classes} classes`);
  const split = { validation: VALIDATION_FRACTION, test: 0 };
  const { ref } = await work.serve(context, ({ api }) =>
    importDataset(api, { dataset: "pictures", source: { folder: "dealt" }, split }),
  );
  return ref;
}

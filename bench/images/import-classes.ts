import path from "node:path";
import { importDataset } from "../../src/client/import-dataset.js";
import type { BenchContext } from "../benchmark.js";
import type { WorkFolder } from "../server/work-folder.js";
import { linkToClasses } from "./link-images.js";
import { provideImages } from "./provide-images.js";

export interface ClassesToImport {
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
  readonly classes: number;
}

/** Relative to the training images. It is small because benchmarks of steps stop before validation. */
const VALIDATION_FRACTION = 0.2;
/** Enough for several steps per epoch with few classes. */
const MIN_IMAGES = 240;

/**
 * Imports images as a dataset with the given number of classes. A separate server imports them, so that the import does
 * not affect the measurements.
 *
 * @returns the version of the dataset, such as "images:1"
 */
export async function importClasses(
  work: WorkFolder,
  { dataFile, classes }: ClassesToImport,
  context: BenchContext,
): Promise<string> {
  // Each class has an image for training, and the first classes have another one for validation.
  const count = Math.max(MIN_IMAGES, Math.ceil(classes * (1 + VALIDATION_FRACTION)));
  const source = path.join(work.imagesFolder, "source");
  const images = await provideImages({ dataFile, atLeast: count, folder: source }, context);
  await linkToClasses(images, classes, count, path.join(work.imagesFolder, "dealt"));
  context.report(`importing ${count} images of ${classes} classes`);
  const split = { validation: VALIDATION_FRACTION, test: 0 };
  const { ref } = await work.serve(context, ({ api }) =>
    importDataset(api, { dataset: "images", source: { folder: "dealt" }, split }),
  );
  return ref;
}

import { Arg, Ctx, FieldResolver, ID, Int, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import { resolveAugmentation } from "../../training/configuration/resolve-augmentation.js";
import { AugmentationInput } from "../configuration/augmentation-input.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import type { RequestContext } from "../request-context.js";
import {
  DEFAULT_PREVIEW_COUNT,
  DEFAULT_PREVIEW_PIXELS,
  MOST_PREVIEWS,
  PREVIEW_CHECKS,
  previewPath,
} from "./augmentation-preview-path.js";

@Resolver(() => DatasetVersion)
export class AugmentationPreviewResolver {
  @FieldResolver(() => [String], {
    description:
      "Where to get pictures of a sample as a run would train on it, the first as in its first epoch, pixel for " +
      "pixel: paths of this server to PNG files, to be asked for with the same `Authorization` header.",
  })
  async augmentationPreview(
    @Root() version: DatasetVersionRecord,
    @Arg("sampleId", () => ID, { description: "Id of a picture of this version." }) sampleId: string,
    @Arg("augmentation", () => AugmentationInput, { description: "How to change it, as in a run." })
    augmentation: AugmentationInput,
    @Arg("count", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_PREVIEW_COUNT,
      description: `How many epochs to show, 1 to ${MOST_PREVIEWS}; null means ${DEFAULT_PREVIEW_COUNT}.`,
    })
    count: number | null,
    @Arg("seed", () => Int, {
      nullable: true,
      defaultValue: 0,
      description: "The run's; null means 0.",
    })
    seed: number | null,
    @Arg("sizePixels", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_PREVIEW_PIXELS,
      description: `The run's \`imageSizePixels\`, 32 to 1024; null means ${DEFAULT_PREVIEW_PIXELS}.`,
    })
    sizePixels: number | null,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly string[]> {
    const at = (argument: string): readonly string[] => ["augmentationPreview", argument];
    const preview = {
      sampleId,
      augmentation: resolveAugmentation(augmentation, at("augmentation")),
      seed: PREVIEW_CHECKS.seed(seed ?? 0, at("seed")),
      sizePixels: PREVIEW_CHECKS.sizePixels(sizePixels ?? DEFAULT_PREVIEW_PIXELS, at("sizePixels")),
    };
    const epochs = PREVIEW_CHECKS.count(count ?? DEFAULT_PREVIEW_COUNT, at("count"));
    const sample = await loaders.sampleOrNull.load(sampleId);
    if (sample?.versionId !== version.id) {
      throw new AppError(
        "SAMPLE_NOT_FOUND",
        `There is no sample with the id ${sampleId} in ${version.datasetName}:${version.number}.`,
        { path: at("sampleId") },
      );
    }
    return Array.from({ length: epochs }, (_, index) => previewPath({ ...preview, epoch: index + 1 }));
  }
}

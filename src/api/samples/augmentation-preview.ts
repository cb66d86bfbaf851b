import { Arg, Ctx, FieldResolver, ID, Int, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import { resolveSettings } from "../../core/settings/resolution.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { describeGiven } from "../../core/settings/wording.js";
import { AugmentationInput } from "../configuration/run-configuration.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import type { RequestContext } from "../request-context.js";
import { previewPath } from "./augmentation-preview-path.js";
import { PREVIEW_SETTINGS } from "./preview-settings.js";

const PREVIEW = PREVIEW_SETTINGS.settings;

@Resolver(() => DatasetVersion)
export class AugmentationPreviewResolver {
  @FieldResolver(() => [String], {
    description:
      "Paths of this server to PNG files that show a sample, pixel for pixel, as a run would train on it: the first " +
      "file as in the first epoch, and so on. Fetch them with the same `Authorization` header.",
  })
  async augmentationPreview(
    @Root() version: DatasetVersionRecord,
    @Arg("sampleId", () => ID, { description: "Id of a sample of this version." }) sampleId: string,
    @Arg("augmentation", () => AugmentationInput, { description: "Augmentation of the run." })
    augmentation: AugmentationInput,
    @Arg("count", () => Int, {
      nullable: true,
      defaultValue: PREVIEW.count.default,
      description: describeGiven(PREVIEW.count),
    })
    count: number | null,
    @Arg("seed", () => Int, {
      nullable: true,
      defaultValue: PREVIEW.seed.default,
      description: describeGiven(PREVIEW.seed),
    })
    seed: number | null,
    @Arg("sizePixels", () => Int, {
      nullable: true,
      defaultValue: PREVIEW.sizePixels.default,
      description: describeGiven(PREVIEW.sizePixels),
    })
    sizePixels: number | null,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly string[]> {
    const at = (...argument: string[]): readonly string[] => ["augmentationPreview", ...argument];
    const changes = resolveSettings(RUN_SETTINGS.settings.augmentation, augmentation, at("augmentation"));
    const { count: epochs, ...shown } = resolveSettings(PREVIEW_SETTINGS, { count, seed, sizePixels }, at());
    const preview = { sampleId, augmentation: changes, ...shown };
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

import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  QuarantinedFileRecord,
  SampleRecord,
} from "../../core/dataset-records.js";
import type { Role } from "../../core/enumerations.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { resolveAugmentation } from "../../training/configuration/resolve-augmentation.js";
import { AugmentationInput } from "../configuration/augmentation-input.js";
import { UserError } from "../errors/user-error.js";
import { type Connection, toConnection } from "../relay/connection.js";
import { PageArguments, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import {
  DEFAULT_PREVIEW_COUNT,
  DEFAULT_PREVIEW_PIXELS,
  MOST_PREVIEWS,
  PREVIEW_CHECKS,
  previewPath,
} from "../samples/augmentation-preview-path.js";
import { SampleConnection } from "../samples/sample.js";
import { SampleFilter } from "../samples/sample-filter.js";
import { Dataset } from "./dataset.js";
import { DatasetClass } from "./dataset-class.js";
import { DatasetVersion } from "./dataset-version.js";
import { QuarantinedFileConnection } from "./quarantined-file.js";
import { SplitSummary } from "./split-summary.js";

@Resolver(() => DatasetVersion)
export class DatasetVersionResolver {
  constructor(private readonly datasets: DatasetStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => DatasetVersion, {
    nullable: true,
    description: "A version by its reference; null when there is none.",
  })
  datasetVersion(
    @Arg("ref", () => String, {
      description: '"flowers:3" for version 3, "flowers" for the newest that is READY.',
    })
    ref: string,
  ): Promise<DatasetVersionRecord | null> {
    return this.datasets.findVersionByRef(ref);
  }

  @FieldResolver(() => Dataset, { description: "The data set that it is a version of." })
  dataset(@Root() version: DatasetVersionRecord, @Ctx() { loaders }: RequestContext): Promise<DatasetRecord> {
    return loaders.dataset.load(version.datasetId);
  }

  @FieldResolver(() => String, { description: 'What to call it in inputs, such as "flowers:3".' })
  ref(@Root() version: DatasetVersionRecord): string {
    return `${version.datasetName}:${version.number}`;
  }

  @FieldResolver(() => UserError, {
    nullable: true,
    description: "Why its import ended without a usable version; null unless FAILED.",
  })
  failure(@Root() version: DatasetVersionRecord): UserError | null {
    if (version.failureCode === null) return null;
    return { code: version.failureCode, message: version.failureMessage ?? "", path: [] };
  }

  @FieldResolver(() => [DatasetClass], {
    description: "Its classes, sorted by name, with their counts; empty until READY.",
  })
  classes(
    @Root() version: DatasetVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ClassCountRecord[]> {
    return loaders.classCounts.load(version.id);
  }

  @FieldResolver(() => [SplitSummary], {
    description: "How many pictures TRAIN, VALIDATION and TEST have; splits without pictures are left out.",
  })
  splits(
    @Root() version: DatasetVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly SplitSummary[]> {
    return loaders.splitCounts.load(version.id);
  }

  @FieldResolver(() => SampleConnection, {
    description: "Its pictures, in the order of the manifest: by class, then by content.",
  })
  async samples(
    @Root() version: DatasetVersionRecord,
    @Arg("filter", () => SampleFilter, { nullable: true, description: "Which pictures; null means all." })
    filter: SampleFilter | null | undefined,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<SampleRecord>> {
    const { className = null, split = null } = filter ?? {};
    return toConnection(await this.datasets.listSamples(version.id, { className, split }, pageRequest(page)));
  }

  @FieldResolver(() => QuarantinedFileConnection, { description: "The files that its import set aside." })
  async quarantine(
    @Root() version: DatasetVersionRecord,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<QuarantinedFileRecord>> {
    return toConnection(await this.datasets.listQuarantine(version.id, pageRequest(page)));
  }

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

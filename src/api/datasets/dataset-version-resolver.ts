import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  QuarantinedFileRecord,
  SampleRecord,
} from "../../core/dataset-records.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { UserError } from "../errors/user-error.js";
import { CLASSES_AT_ONCE, inTurns } from "../in-turns.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
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

  @FieldResolver(() => Dataset, { description: "The dataset that this is a version of." })
  dataset(@Root() version: DatasetVersionRecord, @Ctx() { loaders }: RequestContext): Promise<DatasetRecord> {
    return loaders.dataset.load(version.datasetId);
  }

  @FieldResolver(() => String, { description: 'Reference to this version in inputs, such as "flowers:3".' })
  ref(@Root() version: DatasetVersionRecord): string {
    return `${version.datasetName}:${version.number}`;
  }

  @FieldResolver(() => UserError, {
    nullable: true,
    description: "Why the import failed; null unless the status is FAILED.",
  })
  failure(@Root() version: DatasetVersionRecord): UserError | null {
    if (version.failureCode === null) return null;
    return { code: version.failureCode, message: version.failureMessage ?? "", path: [] };
  }

  @FieldResolver(() => [DatasetClass], {
    description: "Classes with their image counts, sorted by name; empty until READY.",
  })
  async classes(
    @Root() version: DatasetVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly (ClassCountRecord | Promise<ClassCountRecord>)[]> {
    return inTurns(await loaders.classCounts.load(version.id), CLASSES_AT_ONCE);
  }

  @FieldResolver(() => [SplitSummary], {
    description: "Number of images in TRAIN, VALIDATION and TEST. Empty splits are left out.",
  })
  splits(
    @Root() version: DatasetVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly SplitSummary[]> {
    return loaders.splitCounts.load(version.id);
  }

  @FieldResolver(() => SampleConnection, {
    description: "Images in the order of the manifest: by class, then by content.",
  })
  async samples(
    @Root() version: DatasetVersionRecord,
    @Arg("filter", () => SampleFilter, {
      nullable: true,
      description: "Which images to list; null lists all.",
    })
    filter: SampleFilter | null | undefined,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<SampleRecord>> {
    const { className = null, split = null } = filter ?? {};
    return new Connection(
      await this.datasets.listSamples(version.id, { className, split }, pageRequest(page)),
    );
  }

  @FieldResolver(() => QuarantinedFileConnection, { description: "Files that the import did not use." })
  async quarantine(
    @Root() version: DatasetVersionRecord,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<QuarantinedFileRecord>> {
    return new Connection(await this.datasets.listQuarantine(version.id, pageRequest(page)));
  }
}

import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { DatasetRecord, DatasetVersionRecord } from "../../core/dataset-records.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import { Dataset } from "./dataset.js";
import { DatasetVersion, DatasetVersionConnection } from "./dataset-version.js";

@Resolver(() => Dataset)
export class DatasetResolver {
  constructor(private readonly datasets: DatasetStore) {}

  @FieldResolver(() => DatasetVersionConnection, { description: "All versions, newest first." })
  async versions(
    @Root() dataset: DatasetRecord,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<DatasetVersionRecord>> {
    return new Connection(await this.datasets.listVersions(dataset.id, pageRequest(page)));
  }

  @FieldResolver(() => DatasetVersion, {
    nullable: true,
    description:
      "The newest version that is READY, which a reference without a number means; null before there is " +
      "one.",
  })
  latestVersion(
    @Root() dataset: DatasetRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<DatasetVersionRecord | null> {
    return loaders.latestDatasetVersion.load(dataset.id);
  }
}

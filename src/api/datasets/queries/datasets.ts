import { Args, Authorized, Query, Resolver } from "type-graphql";
import type { DatasetRecord } from "../../../core/dataset-records.js";
import type { Role } from "../../../core/enumerations.js";
import type { DatasetStore } from "../../../data/versions/dataset-store.js";
import { Connection } from "../../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../../relay/page-arguments.js";
import { DatasetConnection } from "../dataset.js";

@Resolver()
export class DatasetsResolver {
  constructor(private readonly datasets: DatasetStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => DatasetConnection, { name: "datasets", description: "All datasets, newest first." })
  async list(@Args(() => PageArguments) page: PageInput): Promise<Connection<DatasetRecord>> {
    return new Connection(await this.datasets.listDatasets(pageRequest(page)));
  }
}

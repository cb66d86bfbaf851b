import { Arg, Authorized, Query, Resolver } from "type-graphql";
import type { DatasetRecord } from "../../../core/dataset-records.js";
import type { Role } from "../../../core/enumerations.js";
import type { DatasetStore } from "../../../data/versions/dataset-store.js";
import { Dataset } from "../dataset.js";

@Resolver()
export class DatasetQueryResolver {
  constructor(private readonly datasets: DatasetStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Dataset, {
    nullable: true,
    description: "The data set of that name; null when there is none.",
  })
  dataset(
    @Arg("name", () => String, { description: 'Its whole name, such as "flowers".' }) name: string,
  ): Promise<DatasetRecord | null> {
    return this.datasets.findDatasetByName(name);
  }
}

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
    description: "Finds a dataset by its name; null when there is none.",
  })
  dataset(
    @Arg("name", () => String, { description: 'The full name, such as "flowers".' }) name: string,
  ): Promise<DatasetRecord | null> {
    return this.datasets.findDatasetByName(name);
  }
}

import { Arg, Authorized, Query, Resolver } from "type-graphql";
import type { DatasetVersionRecord } from "../../../core/dataset-records.js";
import type { Role } from "../../../core/enumerations.js";
import type { DatasetStore } from "../../../data/versions/dataset-store.js";
import { DatasetVersion } from "../dataset-version.js";

@Resolver()
export class DatasetVersionQueryResolver {
  constructor(private readonly datasets: DatasetStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => DatasetVersion, {
    nullable: true,
    description: "Finds a dataset version by its reference; null when there is none.",
  })
  datasetVersion(
    @Arg("ref", () => String, {
      description: '"flowers:3" for version 3, or "flowers" for the newest version that is READY.',
    })
    ref: string,
  ): Promise<DatasetVersionRecord | null> {
    return this.datasets.findVersionByRef(ref);
  }
}

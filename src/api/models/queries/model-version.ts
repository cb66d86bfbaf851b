import { Arg, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelVersionRecord } from "../../../registry/model-records.js";
import type { ModelStore } from "../../../registry/model-store.js";
import { ModelVersion } from "../model-version.js";

@Resolver()
export class ModelVersionQueryResolver {
  constructor(private readonly modelStore: ModelStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => ModelVersion, {
    nullable: true,
    description: "Finds a model version by its reference; null when there is none.",
  })
  modelVersion(
    @Arg("ref", () => String, {
      description:
        '"flowers@champion" for an alias, "flowers:3" for version 3, or "flowers" for the newest version.',
    })
    ref: string,
  ): Promise<ModelVersionRecord | null> {
    return this.modelStore.findVersionByRef(ref);
  }
}

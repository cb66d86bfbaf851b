import { Arg, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelRecord } from "../../../registry/model-records.js";
import type { ModelStore } from "../../../registry/model-store.js";
import { Model } from "../model.js";

@Resolver()
export class ModelQueryResolver {
  constructor(private readonly modelStore: ModelStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Model, { nullable: true, description: "Finds a model by its name; null when there is none." })
  model(
    @Arg("name", () => String, { description: 'The full name, such as "flowers".' }) name: string,
  ): Promise<ModelRecord | null> {
    return this.modelStore.findModelByName(name);
  }
}

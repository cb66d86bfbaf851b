import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { Initialization as InitializationRecord } from "../../core/runs/configuration.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import { ModelVersion } from "../models/model-version.js";
import type { RequestContext } from "../request-context.js";
import { Initialization } from "./run-configuration.js";

@Resolver(() => Initialization)
export class InitializationResolver {
  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version whose weights training starts from. Null unless `kind` is modelVersion.",
  })
  async modelVersion(
    @Root() initialization: InitializationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelVersionRecord | null> {
    if (initialization.kind !== "modelVersion") return null;
    return loaders.modelVersion.load(initialization.modelVersionId);
  }
}

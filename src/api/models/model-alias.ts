import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { ModelAliasRecord, ModelVersionRecord } from "../../registry/model-records.js";
import type { RequestContext } from "../request-context.js";
import { ModelVersion } from "./model-version.js";

@ObjectType({
  description: 'A movable name for one version of a model, such as "champion" in "flowers@champion".',
})
export class ModelAlias {
  @Field(() => String, { description: "The name, without the model's." })
  name!: string;
}

@Resolver(() => ModelAlias)
export class ModelAliasResolver {
  @FieldResolver(() => ModelVersion, { description: "The version that it stands for now." })
  version(@Root() alias: ModelAliasRecord, @Ctx() { loaders }: RequestContext): Promise<ModelVersionRecord> {
    return loaders.modelVersion.load(alias.versionId);
  }
}

import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { ModelAliasRecord, ModelVersionRecord } from "../../registry/model-records.js";
import type { RequestContext } from "../request-context.js";
import { ModelVersion } from "./model-version.js";

@ObjectType({
  description:
    'A name for one version of a model that can be moved to another version, such as "champion" in ' +
    '"flowers@champion".',
})
export class ModelAlias {
  @Field(() => String, { description: 'Name of the alias without the model, such as "champion".' })
  name!: string;
}

@Resolver(() => ModelAlias)
export class ModelAliasResolver {
  @FieldResolver(() => ModelVersion, { description: "The version that the alias points to." })
  version(@Root() alias: ModelAliasRecord, @Ctx() { loaders }: RequestContext): Promise<ModelVersionRecord> {
    return loaders.modelVersion.load(alias.versionId);
  }
}

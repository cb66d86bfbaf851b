import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ModelAliasRecord, ModelRecord, ModelVersionRecord } from "../../registry/model-records.js";
import type { ModelStore } from "../../registry/model-store.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import { Model } from "./model.js";
import { ModelAlias } from "./model-alias.js";
import { ModelVersion, ModelVersionConnection } from "./model-version.js";

@Resolver(() => Model)
export class ModelResolver {
  constructor(private readonly modelStore: ModelStore) {}

  @FieldResolver(() => ModelVersionConnection, { description: "All versions, newest first." })
  async versions(
    @Root() model: ModelRecord,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<ModelVersionRecord>> {
    return new Connection(await this.modelStore.listVersions(model.id, pageRequest(page)));
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The newest version, which a reference without a number means; null before there is one.",
  })
  latestVersion(
    @Root() model: ModelRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelVersionRecord | null> {
    return loaders.latestModelVersion.load(model.id);
  }

  @FieldResolver(() => [ModelAlias], { description: "Aliases of the model, sorted by name." })
  aliases(
    @Root() model: ModelRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ModelAliasRecord[]> {
    return loaders.aliasesOfModel.load(model.id);
  }
}

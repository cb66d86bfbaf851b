import { Args, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelRecord } from "../../../registry/model-records.js";
import type { ModelStore } from "../../../registry/model-store.js";
import { Connection } from "../../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../../relay/page-arguments.js";
import { ModelConnection } from "../model.js";

@Resolver()
export class ModelsResolver {
  constructor(private readonly modelStore: ModelStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => ModelConnection, { description: "All models, newest first." })
  async models(@Args(() => PageArguments) page: PageInput): Promise<Connection<ModelRecord>> {
    return new Connection(await this.modelStore.listModels(pageRequest(page)));
  }
}

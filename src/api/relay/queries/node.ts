import { Arg, Authorized, Ctx, ID, Query, Resolver } from "type-graphql";
import type { AccessTokens } from "../../../access/access-tokens.js";
import { hasRole } from "../../../access/caller.js";
import type { Role } from "../../../core/enumerations.js";
import { kindOfId } from "../../../core/ids.js";
import { forbidden } from "../../errors/access-errors.js";
import type { RequestContext } from "../../request-context.js";
import { Node } from "../node.js";

@Resolver(() => Node)
export class NodeResolver {
  constructor(private readonly accessTokens: AccessTokens) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Node, {
    nullable: true,
    description: "Finds any object by its id; null when there is none. Access tokens need the role ADMIN.",
  })
  async node(
    @Arg("id", () => ID, { description: "Id of an object that implements Node." }) id: string,
    @Ctx() { caller, loaders }: RequestContext,
  ): Promise<{ readonly id: string } | null> {
    switch (kindOfId(id)) {
      case "dataset":
        return loaders.datasetOrNull.load(id);
      case "datasetVersion":
        return loaders.datasetVersionOrNull.load(id);
      case "sample":
        return loaders.sampleOrNull.load(id);
      case "experiment":
        return loaders.experimentOrNull.load(id);
      case "run":
        return loaders.runOrNull.load(id);
      case "model":
        return loaders.modelOrNull.load(id);
      case "modelVersion":
        return loaders.modelVersionOrNull.load(id);
      case "modelExport":
        return loaders.modelExportOrNull.load(id);
      case "accessToken":
        if (!hasRole(caller, "ADMIN")) throw forbidden("ADMIN", caller.role);
        return this.accessTokens.find(id);
      default:
        return null;
    }
  }
}

import { Arg, Authorized, Ctx, ID, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunRecord } from "../../../training/record/run-records.js";
import type { RequestContext } from "../../request-context.js";
import { Run } from "../run.js";

@Resolver()
export class RunQueryResolver {
  @Authorized<Role>("VIEWER")
  @Query(() => Run, { nullable: true, description: "Finds a run by its id; null when there is none." })
  run(
    @Arg("id", () => ID, { description: "Id of the run." }) id: string,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return loaders.runOrNull.load(id);
  }
}

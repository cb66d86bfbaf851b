import { Arg, Authorized, Ctx, ID, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunComparer, RunComparisonRecord } from "../../../training/comparison/comparison.js";
import type { RequestContext } from "../../request-context.js";
import { RunComparison } from "../run-comparison.js";

@Resolver()
export class CompareRunsResolver {
  constructor(private readonly comparer: RunComparer) {}

  @Authorized<Role>("VIEWER")
  @Query(() => RunComparison, {
    description: "Compares runs: configuration, data, environment, metrics and predictions.",
  })
  async compareRuns(
    @Arg("runIds", () => [ID], {
      description: "Ids of 2 to 10 different runs. Everything is listed in their order.",
    })
    runIds: readonly string[],
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunComparisonRecord> {
    const comparison = await this.comparer.compareRuns(runIds);
    // Metrics and curves name the same runs again.
    for (const run of comparison.runs) loaders.run.prime(run.id, run);
    return comparison;
  }
}

import { Arg, Authorized, ID, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunComparer, RunComparisonRecord } from "../../../training/comparison/comparison.js";
import { RunComparison } from "../run-comparison.js";

@Resolver()
export class CompareRunsResolver {
  constructor(private readonly comparer: RunComparer) {}

  @Authorized<Role>("VIEWER")
  @Query(() => RunComparison, {
    description: "Compares runs: configuration, data, environment, metrics and predictions.",
  })
  compareRuns(
    @Arg("runIds", () => [ID], {
      description: "Ids of 2 to 10 different runs. Everything is listed in their order.",
    })
    runIds: readonly string[],
  ): Promise<RunComparisonRecord> {
    return this.comparer.compareRuns(runIds);
  }
}

import { Arg, Args, FieldResolver, Resolver, Root } from "type-graphql";
import { EMPTY_PAGE } from "../../core/page.js";
import type { ExperimentRecord, RunRecord } from "../../training/record/run-records.js";
import type { RunStore } from "../../training/record/run-store.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import { RunConnection } from "../runs/run.js";
import { RunFilterInput } from "../runs/run-filter.js";
import { RunOrderInput, runOrder } from "../runs/run-order.js";
import { Experiment } from "./experiment.js";

@Resolver(() => Experiment)
export class ExperimentResolver {
  constructor(private readonly runStore: RunStore) {}

  @FieldResolver(() => RunConnection, {
    description: "Runs of the experiment, newest first unless `orderBy` says otherwise.",
  })
  async runs(
    @Root() experiment: ExperimentRecord,
    @Arg("filter", () => RunFilterInput, {
      nullable: true,
      description: "Which runs to list; null lists all. Its field `experiment` is not needed here.",
    })
    filter: RunFilterInput | null | undefined,
    @Arg("orderBy", () => RunOrderInput, {
      nullable: true,
      description: "The order of the runs; null means newest first.",
    })
    orderBy: RunOrderInput | null | undefined,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<RunRecord>> {
    if (filter?.experiment != null && filter.experiment !== experiment.name) {
      return new Connection(EMPTY_PAGE);
    }
    return new Connection(
      await this.runStore.list({
        filter: { ...filter, experiment: experiment.name },
        order: runOrder(orderBy),
        page: pageRequest(page),
      }),
    );
  }
}

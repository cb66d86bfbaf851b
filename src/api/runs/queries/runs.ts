import { Arg, Args, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunRecord } from "../../../training/record/run-records.js";
import type { RunStore } from "../../../training/record/run-store.js";
import { Connection } from "../../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../../relay/page-arguments.js";
import { RunConnection } from "../run.js";
import { RunFilterInput } from "../run-filter.js";
import { RunOrderInput, runOrder } from "../run-order.js";

@Resolver()
export class RunsResolver {
  constructor(private readonly runStore: RunStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => RunConnection, {
    description: "Runs of all experiments, newest first unless `orderBy` says otherwise.",
  })
  async runs(
    @Arg("filter", () => RunFilterInput, {
      nullable: true,
      description: "Which runs to list; null lists all.",
    })
    filter: RunFilterInput | null | undefined,
    @Arg("orderBy", () => RunOrderInput, {
      nullable: true,
      description: "The order of the runs; null means newest first.",
    })
    orderBy: RunOrderInput | null | undefined,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<RunRecord>> {
    return new Connection(
      await this.runStore.list({ filter: filter ?? null, order: runOrder(orderBy), page: pageRequest(page) }),
    );
  }
}

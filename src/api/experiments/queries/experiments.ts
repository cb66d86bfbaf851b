import { Args, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import type { ExperimentRecord } from "../../../training/record/run-records.js";
import { type Connection, toConnection } from "../../relay/connection.js";
import { PageArguments, pageRequest } from "../../relay/page-arguments.js";
import { ExperimentConnection } from "../experiment.js";

@Resolver()
export class ExperimentsResolver {
  constructor(private readonly experimentStore: ExperimentStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => ExperimentConnection, { description: "All experiments, newest first." })
  async experiments(@Args(() => PageArguments) page: PageArguments): Promise<Connection<ExperimentRecord>> {
    return toConnection(await this.experimentStore.list(pageRequest(page)));
  }
}

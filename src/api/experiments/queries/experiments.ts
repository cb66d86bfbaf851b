import { Args, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import type { ExperimentRecord } from "../../../training/record/run-records.js";
import { Connection } from "../../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../../relay/page-arguments.js";
import { ExperimentConnection } from "../experiment.js";

@Resolver()
export class ExperimentsResolver {
  constructor(private readonly experimentStore: ExperimentStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => ExperimentConnection, { description: "All experiments, newest first." })
  async experiments(@Args(() => PageArguments) page: PageInput): Promise<Connection<ExperimentRecord>> {
    return new Connection(await this.experimentStore.list(pageRequest(page)));
  }
}

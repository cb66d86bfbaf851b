import { Arg, Authorized, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import type { ExperimentRecord } from "../../../training/record/run-records.js";
import { Experiment } from "../experiment.js";

@Resolver()
export class ExperimentQueryResolver {
  constructor(private readonly experimentStore: ExperimentStore) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Experiment, {
    nullable: true,
    description: "Finds an experiment by its name; null when there is none.",
  })
  experiment(
    @Arg("name", () => String, { description: 'The full name, such as "flowers".' }) name: string,
  ): Promise<ExperimentRecord | null> {
    return this.experimentStore.findByName(name);
  }
}

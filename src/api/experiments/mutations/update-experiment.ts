import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "What to change of an experiment; what is left out stays as it is." })
export class UpdateExperimentInput {
  @Field(() => String, { description: 'Its whole name, such as "flowers".' })
  experiment!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What is being tried; null leaves it as it is, and "" empties it.',
  })
  description?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many of its runs may be at work at once, from 1 to 1000; null: as many as there are devices. Left out, the " +
      "limit stays.",
  })
  maxActiveRuns?: number | null;
}

@ObjectType({ description: "The experiment that was changed." })
export class UpdateExperimentPayload {
  @Field(() => Experiment, { nullable: true, description: "The experiment; null when nothing was changed." })
  experiment!: Experiment | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why nothing was changed; empty on success.", [
      "EXPERIMENT_NOT_FOUND",
      "MAX_ACTIVE_RUNS_INVALID",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class UpdateExperimentResolver {
  constructor(private readonly experimentStore: ExperimentStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => UpdateExperimentPayload, {
    description:
      "Changes what an experiment says about itself, and how many of its runs may be at work at once. A lower limit stops " +
      "none; a higher one lets waiting runs go at once. Needs the role EDITOR.",
  })
  updateExperiment(
    @Arg("input", () => UpdateExperimentInput, { description: "Which experiment, and what to change." })
    { experiment, description, maxActiveRuns }: UpdateExperimentInput,
  ): Promise<UpdateExperimentPayload> {
    return withUserErrors<Pick<UpdateExperimentPayload, "experiment">>({ experiment: null }, async () => ({
      experiment: await this.experimentStore.update(experiment, {
        description: description ?? undefined,
        maxActiveRuns,
      }),
    }));
  }
}

import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import { MAX_ACTIVE_RUNS } from "../../../core/settings/run-limits.js";
import { describeGiven } from "../../../core/settings/wording.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "Changes to an experiment. Fields that are left out keep their value." })
export class UpdateExperimentInput {
  @Field(() => String, { description: 'The full name of the experiment, such as "flowers".' })
  experiment!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the experiment is about; null keeps the current text, and "" clears it.',
  })
  description?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `${describeGiven(MAX_ACTIVE_RUNS)} Without this field, the experiment keeps its limit.`,
  })
  maxActiveRuns?: number | null;
}

@ObjectType({ description: "The changed experiment." })
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
      "Changes the description of an experiment and its limit of active runs. A lower limit stops no run; " +
      "a higher one starts waiting runs at once. Needs the role EDITOR.",
  })
  updateExperiment(
    @Arg("input", () => UpdateExperimentInput, { description: "The experiment and its changes." })
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

import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "A new experiment." })
export class CreateExperimentInput {
  @Field(() => String, {
    description:
      "A name that no experiment has yet. Letters, digits, dots, dashes and underscores, at most 63.",
  })
  name!: string;

  @Field(() => String, {
    nullable: true,
    defaultValue: "",
    description: "What is being tried; null means an empty text.",
  })
  description!: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many of its runs may be at work at once, from 1 to 1000; null: as many as there are devices.",
  })
  maxActiveRuns?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The experiment that was made." })
export class CreateExperimentPayload {
  @Field(() => Experiment, { nullable: true, description: "The experiment; null when none was made." })
  experiment!: Experiment | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no experiment was created; empty on success.", [
      "NAME_INVALID",
      "MAX_ACTIVE_RUNS_INVALID",
      "EXPERIMENT_NAME_TAKEN",
      "IDEMPOTENCY_KEY_INVALID",
      "IDEMPOTENCY_KEY_REUSED",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class CreateExperimentResolver {
  constructor(private readonly experimentStore: ExperimentStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => CreateExperimentPayload, {
    description:
      "Makes an experiment; launching a run into a new name does so as well. Needs the role EDITOR.",
  })
  createExperiment(
    @Arg("input", () => CreateExperimentInput, { description: "Name, description and limit." })
    input: CreateExperimentInput,
  ): Promise<CreateExperimentPayload> {
    return withUserErrors<Pick<CreateExperimentPayload, "experiment">>({ experiment: null }, async () => ({
      experiment: await this.experimentStore.create({
        name: input.name,
        description: input.description ?? "",
        maxActiveRuns: input.maxActiveRuns ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    }));
  }
}

import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import { MAX_ACTIVE_RUNS } from "../../../core/settings/run-limits.js";
import { describeGiven } from "../../../core/settings/wording.js";
import type { ExperimentStore } from "../../../training/record/experiment-store.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "The experiment to create." })
export class CreateExperimentInput {
  @Field(() => String, {
    description:
      "A name that no experiment has yet, of at most 63 letters, digits, dots, dashes and underscores.",
  })
  name!: string;

  @Field(() => String, {
    nullable: true,
    defaultValue: "",
    description: "What the experiment is about; null means an empty text.",
  })
  description!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: describeGiven(MAX_ACTIVE_RUNS),
  })
  maxActiveRuns?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The created experiment." })
export class CreateExperimentPayload {
  @Field(() => Experiment, { nullable: true, description: "The experiment; null when none was created." })
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
      "Creates an experiment. Launching a run in an unknown experiment creates it as well. Needs the role " +
      "EDITOR.",
  })
  createExperiment(
    @Arg("input", () => CreateExperimentInput, {
      description: "Name, description and limit of the experiment.",
    })
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

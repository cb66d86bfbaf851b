import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import { PRIORITY } from "../../../core/settings/run-limits.js";
import { describeGiven } from "../../../core/settings/wording.js";
import type { RunLauncher } from "../../../training/lifecycle/launcher.js";
import type { RunRecord } from "../../../training/record/run-records.js";
import { RunConfigurationInput } from "../../configuration/run-configuration.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { Run } from "../run.js";

@InputType({ description: "The run to launch." })
export class LaunchRunInput {
  @Field(() => String, {
    description: "Name of the experiment that the run belongs to. An unknown name creates an experiment.",
  })
  experiment!: string;

  @Field(() => String, {
    description: '"flowers:3" for version 3 of a dataset, or "flowers" for its newest version that is READY.',
  })
  dataset!: string;

  @Field(() => String, { nullable: true, description: "Name of the run; null generates a readable one." })
  name?: string | null;

  @Field(() => RunConfigurationInput, { description: "How to train; `{}` means all defaults." })
  configuration!: RunConfigurationInput;

  @Field(() => Int, {
    nullable: true,
    defaultValue: PRIORITY.default,
    description: describeGiven(PRIORITY),
  })
  priority?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The launched run." })
export class LaunchRunPayload {
  @Field(() => Run, {
    nullable: true,
    description: "The run, with the state QUEUED; follow it with `runEvents`. Null when none was launched.",
  })
  run!: RunRecord | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no run was launched; empty on success.", [
      "NAME_INVALID",
      "PRIORITY_INVALID",
      "CONFIGURATION_INVALID",
      "PRECISION_UNSUPPORTED",
      "MEMORY_INSUFFICIENT",
      "DATASET_VERSION_NOT_FOUND",
      "DATASET_NOT_READY",
      "DATASET_UNFIT",
      "INITIALIZATION_INVALID",
      "MODEL_VERSION_NOT_FOUND",
      "WEIGHTS_INVALID",
      "WEIGHTS_MISMATCH",
      "UPLOAD_NOT_FOUND",
      "UPLOAD_EXPIRED",
      "UPLOAD_INCOMPLETE",
      "IDEMPOTENCY_KEY_INVALID",
      "IDEMPOTENCY_KEY_REUSED",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class LaunchRunResolver {
  constructor(private readonly launcher: RunLauncher) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => LaunchRunPayload, {
    description: "Validates a configuration against the dataset and queues a run. Needs the role EDITOR.",
  })
  launchRun(
    @Arg("input", () => LaunchRunInput, { description: "The configuration, the dataset and the experiment." })
    input: LaunchRunInput,
  ): Promise<LaunchRunPayload> {
    return withUserErrors<Pick<LaunchRunPayload, "run">>({ run: null }, async () => ({
      run: await this.launcher.launch({
        experiment: input.experiment,
        dataset: input.dataset,
        name: input.name ?? null,
        configuration: input.configuration,
        priority: input.priority ?? PRIORITY.default,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    }));
  }
}

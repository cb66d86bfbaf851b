import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunLauncher } from "../../../training/lifecycle/launcher.js";
import type { RunRecord } from "../../../training/record/run-records.js";
import { RunConfigurationInput } from "../../configuration/run-configuration.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { Run } from "../run.js";

@InputType({ description: "What to train, on what, and where to list it." })
export class LaunchRunInput {
  @Field(() => String, { description: "Name of the experiment it belongs to; made when new." })
  experiment!: string;

  @Field(() => String, {
    description: '"flowers" for the newest READY version of that data set, "flowers:3" for version 3.',
  })
  dataset!: string;

  @Field(() => String, { nullable: true, description: "What to call it; null has a readable name made up." })
  name?: string | null;

  @Field(() => RunConfigurationInput, { description: "How to train; `{}` takes every default." })
  configuration!: RunConfigurationInput;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "Runs of a higher priority go first, from -1000 to 1000; null means 0.",
  })
  priority?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The run that was launched." })
export class LaunchRunPayload {
  @Field(() => Run, {
    nullable: true,
    description: "The run, QUEUED: follow it with `runEvents`. Null when none was launched.",
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
    description:
      "Checks a configuration against the data and puts the run into the queue. Needs the role EDITOR.",
  })
  launchRun(
    @Arg("input", () => LaunchRunInput, { description: "What to train, and on what." }) input: LaunchRunInput,
  ): Promise<LaunchRunPayload> {
    return withUserErrors<Pick<LaunchRunPayload, "run">>({ run: null }, async () => ({
      run: await this.launcher.launch({
        experiment: input.experiment,
        dataset: input.dataset,
        name: input.name ?? null,
        configuration: input.configuration,
        priority: input.priority ?? 0,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    }));
  }
}

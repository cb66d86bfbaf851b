import { Arg, Authorized, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelRegistry } from "../../../registry/model-registry.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { ModelVersion } from "../model-version.js";

@InputType({ description: "The run to make the next version of a model from." })
export class RegisterModelVersionInput {
  @Field(() => String, {
    description:
      "Name of the model, of at most 63 letters, digits, dots, dashes and underscores. An unknown name " +
      "creates a model.",
  })
  model!: string;

  @Field(() => ID, { description: "Id of a run with a best checkpoint." })
  runId!: string;

  @Field(() => String, { nullable: true, description: "A description of the version; null means none." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The registered version." })
export class RegisterModelVersionPayload {
  @Field(() => ModelVersion, { nullable: true, description: "The version; null when none was registered." })
  modelVersion!: ModelVersion | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no version was registered; empty on success.", [
      "NAME_INVALID",
      "RUN_NOT_FOUND",
      "RUN_HAS_NO_CHECKPOINT",
      "IDEMPOTENCY_KEY_INVALID",
      "IDEMPOTENCY_KEY_REUSED",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class RegisterModelVersionResolver {
  constructor(private readonly registry: ModelRegistry) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RegisterModelVersionPayload, {
    description:
      "Exports the checkpoint that is now the best of a run as the next version of a model. A run in training may find a " +
      "better one in the meantime; that changes nothing in the version. Needs the role EDITOR.",
  })
  registerModelVersion(
    @Arg("input", () => RegisterModelVersionInput, { description: "The run and the model." })
    input: RegisterModelVersionInput,
  ): Promise<RegisterModelVersionPayload> {
    return withUserErrors<Pick<RegisterModelVersionPayload, "modelVersion">>(
      { modelVersion: null },
      async () => ({
        modelVersion: await this.registry.register({
          model: input.model,
          runId: input.runId,
          description: input.description ?? null,
          idempotencyKey: input.idempotencyKey ?? null,
        }),
      }),
    );
  }
}

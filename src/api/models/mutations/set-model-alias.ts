import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelRegistry } from "../../../registry/model-registry.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { Model } from "../model.js";

@InputType({ description: "The alias to set or remove." })
export class SetModelAliasInput {
  @Field(() => String, { description: "Name of the model." })
  model!: string;

  @Field(() => String, {
    description: 'Name of the alias without the model, such as "champion". An unknown name creates an alias.',
  })
  alias!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the version to point to; null removes the alias, which must exist.",
  })
  version?: number | null;
}

@ObjectType({ description: "The model with its current aliases." })
export class SetModelAliasPayload {
  @Field(() => Model, { nullable: true, description: "The model; null when nothing was changed." })
  model!: Model | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why nothing was changed; empty on success.", [
      "NAME_INVALID",
      "MODEL_NOT_FOUND",
      "MODEL_VERSION_NOT_FOUND",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class SetModelAliasResolver {
  constructor(private readonly registry: ModelRegistry) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => SetModelAliasPayload, {
    description:
      "Points an alias to a version. Classification by the alias uses that version at once. Needs the " +
      "role EDITOR.",
  })
  setModelAlias(
    @Arg("input", () => SetModelAliasInput, { description: "The alias and its version." })
    input: SetModelAliasInput,
  ): Promise<SetModelAliasPayload> {
    return withUserErrors<Pick<SetModelAliasPayload, "model">>({ model: null }, async () => ({
      model: await this.registry.setAlias({
        model: input.model,
        alias: input.alias,
        version: input.version ?? null,
      }),
    }));
  }
}

import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { ModelRegistry } from "../../registry/model-registry.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import {
  RegisterModelVersionInput,
  RegisterModelVersionPayload,
} from "./mutations/register-model-version.js";
import { SetModelAliasInput, SetModelAliasPayload } from "./mutations/set-model-alias.js";

@Resolver()
export class RegistryResolver {
  constructor(private readonly registry: ModelRegistry) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RegisterModelVersionPayload, {
    description: "Exports a run's best checkpoint as the next version of a model. Needs the role EDITOR.",
  })
  registerModelVersion(
    @Arg("input", () => RegisterModelVersionInput, { description: "Which run, and for which model." })
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

  @Authorized<Role>("EDITOR")
  @Mutation(() => SetModelAliasPayload, {
    description:
      "Points an alias at a version; whoever classifies with it gets the new one at once. Needs the role EDITOR.",
  })
  setModelAlias(
    @Arg("input", () => SetModelAliasInput, { description: "Which alias, and what it stands for." })
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

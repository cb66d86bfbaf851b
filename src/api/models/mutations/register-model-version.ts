import { Field, ID, InputType, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { ModelVersion } from "../model-version.js";

@InputType({ description: "Which run to make a model's next version from." })
export class RegisterModelVersionInput {
  @Field(() => String, {
    description:
      "Name of the model; made when new. Letters, digits, dots, dashes and underscores, at most 63.",
  })
  model!: string;

  @Field(() => ID, { description: "Id of a run with a best checkpoint, which the version is made from." })
  runId!: string;

  @Field(() => String, { nullable: true, description: "What is special about it; null means nothing." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The version that was registered." })
export class RegisterModelVersionPayload {
  @Field(() => ModelVersion, { nullable: true, description: "The version; null when none was made." })
  modelVersion!: ModelVersion | null;

  @Field(() => [UserError], { description: "Why no version was made; empty when it was." })
  userErrors!: readonly UserError[];
}

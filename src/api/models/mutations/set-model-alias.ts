import { Field, InputType, Int, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { Model } from "../model.js";

@InputType({ description: "Which version of a model an alias stands for." })
export class SetModelAliasInput {
  @Field(() => String, { description: "Name of the model." })
  model!: string;

  @Field(() => String, { description: 'The alias without the model, such as "champion"; made when new.' })
  alias!: string;

  @Field(() => Int, { nullable: true, description: "Number of the version; null removes the alias." })
  version?: number | null;
}

@ObjectType({ description: "The model with its aliases as they are now." })
export class SetModelAliasPayload {
  @Field(() => Model, { nullable: true, description: "The model; null when nothing was changed." })
  model!: Model | null;

  @Field(() => [UserError], { description: "Why nothing was changed; empty when it was." })
  userErrors!: readonly UserError[];
}

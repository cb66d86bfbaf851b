import { Field, InputType, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { AccessToken } from "../access-token.js";
import { Role } from "../role.js";

@InputType({ description: "For whom to make an access token, and what it allows." })
export class CreateAccessTokenInput {
  @Field(() => String, { description: "Who or what it is for, 1 to 100 characters." })
  name!: string;

  @Field(() => Role, { description: "What it allows." })
  role!: Role;
}

@ObjectType({ description: "The token that was made, and its secret." })
export class CreateAccessTokenPayload {
  @Field(() => AccessToken, { nullable: true, description: "The token; null when none was made." })
  token!: AccessToken | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What to send as `Authorization: Bearer …`. Shown only here: the server keeps no more than its " +
      "SHA-256. Null when no token was made.",
  })
  secret!: string | null;

  @Field(() => [UserError], { description: "Why no token was made; empty when it was." })
  userErrors!: readonly UserError[];
}

import { Field, ID, InputType, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { AccessToken } from "../access-token.js";

@InputType({ description: "Which access token to revoke." })
export class RevokeAccessTokenInput {
  @Field(() => ID, { description: "Id of the token, from `accessTokens`." })
  id!: string;
}

@ObjectType({ description: "The token that was revoked." })
export class RevokeAccessTokenPayload {
  @Field(() => AccessToken, {
    nullable: true,
    description: "The token, now revoked; null when it could not be.",
  })
  token!: AccessToken | null;

  @Field(() => [UserError], {
    description:
      "Why it was not revoked, such as LAST_ADMIN_TOKEN; empty when it was. Revoking a revoked token is no error.",
  })
  userErrors!: readonly UserError[];
}

import { Arg, Authorized, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { AccessTokens } from "../../../access/access-tokens.js";
import type { Role } from "../../../core/enumerations.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { AccessToken } from "../access-token.js";

@InputType({ description: "The access token to revoke." })
export class RevokeAccessTokenInput {
  @Field(() => ID, { description: "Id of the token, from `accessTokens`." })
  id!: string;
}

@ObjectType({ description: "The revoked token." })
export class RevokeAccessTokenPayload {
  @Field(() => AccessToken, {
    nullable: true,
    description: "The token, now revoked; null when it was not revoked.",
  })
  token!: AccessToken | null;

  @Field(() => [UserError], {
    description: userErrorsDescription(
      "Why the token was not revoked; empty on success. Revoking a revoked token succeeds.",
      ["TOKEN_NOT_FOUND", "LAST_ADMIN_TOKEN"],
    ),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class RevokeAccessTokenResolver {
  constructor(private readonly accessTokens: AccessTokens) {}

  @Authorized<Role>("ADMIN")
  @Mutation(() => RevokeAccessTokenPayload, {
    description:
      "Revokes an access token at once and closes its subscriptions. The last ADMIN token cannot be " +
      "revoked. Needs the role ADMIN.",
  })
  revokeAccessToken(
    @Arg("input", () => RevokeAccessTokenInput, { description: "The token to revoke." })
    input: RevokeAccessTokenInput,
  ): Promise<RevokeAccessTokenPayload> {
    return withUserErrors<Pick<RevokeAccessTokenPayload, "token">>({ token: null }, async () => ({
      token: await this.accessTokens.revoke(input.id),
    }));
  }
}

import { Arg, Authorized, Mutation, Query, Resolver } from "type-graphql";
import type { AccessTokenRecord } from "../../../access/access-token-record.js";
import type { AccessTokens } from "../../../access/access-tokens.js";
import type { Role } from "../../../core/enumerations.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { AccessToken } from "../access-token.js";
import { CreateAccessTokenInput, CreateAccessTokenPayload } from "../mutations/create-access-token.js";
import { RevokeAccessTokenInput, RevokeAccessTokenPayload } from "../mutations/revoke-access-token.js";

@Resolver(() => AccessToken)
export class AccessTokenResolver {
  constructor(private readonly accessTokens: AccessTokens) {}

  @Authorized<Role>("ADMIN")
  @Query(() => [AccessToken], {
    name: "accessTokens",
    description: "All access tokens, revoked ones too, newest first. Needs the role ADMIN.",
  })
  list(): Promise<readonly AccessTokenRecord[]> {
    return this.accessTokens.list();
  }

  @Authorized<Role>("ADMIN")
  @Mutation(() => CreateAccessTokenPayload, {
    description: "Makes an access token and shows its secret, this once. Needs the role ADMIN.",
  })
  createAccessToken(
    @Arg("input", () => CreateAccessTokenInput, { description: "Name and role of the token." })
    input: CreateAccessTokenInput,
  ): Promise<CreateAccessTokenPayload> {
    return withUserErrors<Pick<CreateAccessTokenPayload, "token" | "secret">>(
      { token: null, secret: null },
      () => this.accessTokens.create({ name: input.name, role: input.role }),
    );
  }

  @Authorized<Role>("ADMIN")
  @Mutation(() => RevokeAccessTokenPayload, {
    description:
      "Ends a token's life at once, its open subscriptions included. The last ADMIN token cannot be " +
      "revoked. Needs the role ADMIN.",
  })
  revokeAccessToken(
    @Arg("input", () => RevokeAccessTokenInput, { description: "Which token." })
    input: RevokeAccessTokenInput,
  ): Promise<RevokeAccessTokenPayload> {
    return withUserErrors<Pick<RevokeAccessTokenPayload, "token">>({ token: null }, async () => ({
      token: await this.accessTokens.revoke(input.id),
    }));
  }
}

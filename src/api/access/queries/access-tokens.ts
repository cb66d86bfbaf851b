import { Authorized, Query, Resolver } from "type-graphql";
import type { AccessTokenRecord } from "../../../access/access-token-record.js";
import type { AccessTokens } from "../../../access/access-tokens.js";
import type { Role } from "../../../core/enumerations.js";
import { AccessToken } from "../access-token.js";

@Resolver()
export class AccessTokensResolver {
  constructor(private readonly accessTokens: AccessTokens) {}

  @Authorized<Role>("ADMIN")
  @Query(() => [AccessToken], {
    name: "accessTokens",
    description: "All access tokens, including revoked ones, newest first. Needs the role ADMIN.",
  })
  list(): Promise<readonly AccessTokenRecord[]> {
    return this.accessTokens.list();
  }
}

import { Arg, Authorized, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { AccessTokens } from "../../../access/access-tokens.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
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

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no token was created; empty on success.", ["NAME_INVALID"]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class CreateAccessTokenResolver {
  constructor(private readonly accessTokens: AccessTokens) {}

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
}

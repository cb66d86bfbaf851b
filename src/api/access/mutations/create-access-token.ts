import { Arg, Authorized, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { AccessTokens } from "../../../access/access-tokens.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { AccessToken } from "../access-token.js";
import { Role } from "../role.js";

@InputType({ description: "The access token to create." })
export class CreateAccessTokenInput {
  @Field(() => String, { description: "What the token is for, from 1 to 100 characters." })
  name!: string;

  @Field(() => Role, { description: "What the token allows." })
  role!: Role;
}

@ObjectType({ description: "The created token and its secret." })
export class CreateAccessTokenPayload {
  @Field(() => AccessToken, { nullable: true, description: "The token; null when none was created." })
  token!: AccessToken | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The secret, sent as `Authorization: Bearer …`. It is returned only here, because the server stores " +
      "only its SHA-256. Null when no token was created.",
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
    description:
      "Creates an access token and returns its secret, which cannot be read again. Needs the role ADMIN.",
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

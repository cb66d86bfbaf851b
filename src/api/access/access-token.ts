import { Field, ObjectType } from "type-graphql";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { Role } from "./role.js";

@ObjectType({
  implements: Node,
  description:
    "A token with which a person or a program uses this server. The server stores only a hash of its " +
    "secret.",
})
export class AccessToken {
  @Field(() => String, { description: "What the token is for; need not be unique." })
  name!: string;

  @Field(() => Role, { description: "What the token allows." })
  role!: Role;

  @Field(() => DateTime, { description: "When the token was created." })
  createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the token was last used, to the minute; null if it was never used.",
  })
  lastUsedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the token was revoked; null while it is valid. Revoked tokens stay in the list.",
  })
  revokedAt!: Date | null;
}

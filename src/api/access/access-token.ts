import { Field, ObjectType } from "type-graphql";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { Role } from "./role.js";

@ObjectType({
  implements: Node,
  description: "A token that lets a person or a program use this server. Its secret is not kept.",
})
export class AccessToken {
  @Field(() => String, { description: "Who or what it was made for; need not be unique." })
  name!: string;

  @Field(() => Role, { description: "What it allows." })
  role!: Role;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it was last used, exact to a minute; null when it never was.",
  })
  lastUsedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it was revoked; null while it works. A revoked token stays listed.",
  })
  revokedAt!: Date | null;
}

import { Field, ID, InputType, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { DateTime, SafeInt } from "../../scalars.js";

@InputType({ description: "What is known beforehand of the file to upload." })
export class CreateUploadInput {
  @Field(() => SafeInt, {
    nullable: true,
    description: "Its size in bytes; bytes that differ from it are refused. Null: not known.",
  })
  sizeBytes?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Its SHA-256 in hexadecimal; a file that differs from it is refused. Null: not known.",
  })
  sha256?: string | null;
}

@ObjectType({ description: "A place to send one file to." })
export class CreateUploadPayload {
  @Field(() => ID, {
    nullable: true,
    description: "Names the file in inputs once its bytes have arrived; null when refused.",
  })
  uploadId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Where to send the raw bytes by HTTP PUT: a path of this server, with the same `Authorization` header. " +
      "Null when refused.",
  })
  putUrl!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Until when the bytes are accepted; null when refused.",
  })
  expiresAt!: Date | null;

  @Field(() => [UserError], { description: "Why there is no upload; empty when there is." })
  userErrors!: readonly UserError[];
}

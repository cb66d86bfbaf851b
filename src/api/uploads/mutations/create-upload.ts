import { Arg, Authorized, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { Uploads } from "../../../data/imports/uploads.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import type { RequestContext } from "../../request-context.js";
import { DateTime, SafeInt } from "../../scalars.js";
import { uploadPath } from "../upload-path.js";

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

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no upload was created; empty on success.", [
      "UPLOAD_TOO_LARGE",
      "UPLOAD_INVALID",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class CreateUploadResolver {
  constructor(private readonly uploads: Uploads) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => CreateUploadPayload, {
    description: "Opens a place to send one file to, an archive or a picture. Needs the role EDITOR.",
  })
  createUpload(
    @Arg("input", () => CreateUploadInput, { description: "What is known of the file." })
    input: CreateUploadInput,
    @Ctx() { caller }: RequestContext,
  ): Promise<CreateUploadPayload> {
    return withUserErrors<Omit<CreateUploadPayload, "userErrors">>(
      { uploadId: null, putUrl: null, expiresAt: null },
      async () => {
        const { uploadId, expiresAt } = await this.uploads.create({
          sizeBytes: input.sizeBytes ?? null,
          sha256: input.sha256 ?? null,
          tokenId: caller.tokenId,
        });
        return { uploadId, putUrl: uploadPath(uploadId), expiresAt };
      },
    );
  }
}

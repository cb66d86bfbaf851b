import { Arg, Authorized, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { Uploads } from "../../../data/imports/uploads.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import type { RequestContext } from "../../request-context.js";
import { DateTime, SafeInt } from "../../scalars.js";
import { uploadPath } from "../upload-path.js";

@InputType({ description: "The file to upload." })
export class CreateUploadInput {
  @Field(() => SafeInt, {
    nullable: true,
    description: "Size of the file in bytes; another size is refused. Null means unknown.",
  })
  sizeBytes?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "SHA-256 of the file, in hexadecimal; another content is refused. Null means unknown.",
  })
  sha256?: string | null;
}

@ObjectType({ description: "The created upload." })
export class CreateUploadPayload {
  @Field(() => ID, {
    nullable: true,
    description:
      "Id of the upload, which inputs take once the bytes have arrived; null when no upload was created.",
  })
  uploadId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Path on this server to which the raw bytes are sent by HTTP PUT, with the same `Authorization` " +
      "header. Null when no upload was created.",
  })
  putUrl!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the upload expires; null when no upload was created.",
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
    description:
      "Creates an upload for one file, such as an archive, an image or a weights file. Needs the role " +
      "EDITOR.",
  })
  createUpload(
    @Arg("input", () => CreateUploadInput, { description: "What is known about the file." })
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

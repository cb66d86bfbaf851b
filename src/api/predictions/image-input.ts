import { Field, ID, InputType } from "type-graphql";
import type { RequestedImage } from "../../serving/image-source.js";

@InputType({ description: "One picture: exactly one of the fields." })
export class ImageInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The bytes of the picture's file as base64; give it in a variable. All of a request together have at most " +
      "16 MiB: send more through uploads.",
  })
  base64?: string;

  @Field(() => ID, { nullable: true, description: "An upload (see `createUpload`) that holds one picture." })
  uploadId?: string;

  @Field(() => ID, { nullable: true, description: "A picture of a data set's version." })
  sampleId?: string;
}

/** The picture that a client chose; GraphQL has made sure that it is exactly one (`@oneOf`). */
export function requestedImage({ base64, uploadId, sampleId }: ImageInput): RequestedImage {
  if (base64 !== undefined) return { base64 };
  if (uploadId !== undefined) return { uploadId };
  if (sampleId !== undefined) return { sampleId };
  throw new Error("ImageInput is @oneOf, yet none of its fields is set.");
}

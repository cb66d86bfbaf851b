import { Field, ID, InputType } from "type-graphql";
import type { RequestedImage } from "../../serving/image-source.js";

@InputType({ description: "One image. Exactly one field is required." })
export class ImageInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The bytes of the image file in base64, passed in a variable. All images of a request together may " +
      "have 16 MiB; use uploads for more.",
  })
  base64?: string;

  @Field(() => ID, {
    nullable: true,
    description: "Id of an upload (see `createUpload`) that holds one image.",
  })
  uploadId?: string;

  @Field(() => ID, { nullable: true, description: "Id of an image of a dataset version." })
  sampleId?: string;
}

/** Returns the image that the client chose. GraphQL ensures that it is exactly one (`@oneOf`). */
export function requestedImage({ base64, uploadId, sampleId }: ImageInput): RequestedImage {
  if (base64 !== undefined) return { base64 };
  if (uploadId !== undefined) return { uploadId };
  if (sampleId !== undefined) return { sampleId };
  throw new Error("ImageInput is @oneOf, yet none of its fields is set.");
}

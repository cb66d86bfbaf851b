import { Arg, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { SampleRecord } from "../../core/dataset-records.js";
import { Split } from "../datasets/split.js";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { checkedSize, DEFAULT_SIZE_PIXELS, imagePath, MAX_SIZE_PIXELS } from "./sample-image-path.js";

@ObjectType({ implements: Node, description: "One image of a dataset version." })
export class Sample {
  @Field(() => String, { description: "Name of the image's class." })
  className!: string;

  @Field(() => Split, { description: "The split that the image belongs to." })
  split!: Split;

  @Field(() => String, {
    description: "Path within the import source, with forward slashes, such as `daisy/001.jpg`.",
  })
  sourceName!: string;

  @Field(() => String, { description: "SHA-256 of the file's bytes, in hexadecimal." })
  contentHash!: string;

  @Field(() => Int, { description: "Width in pixels, after the EXIF orientation was applied." })
  widthPixels!: number;

  @Field(() => Int, { description: "Height in pixels, after the EXIF orientation was applied." })
  heightPixels!: number;
}

export const SampleConnection = connectionType(() => Sample, {
  name: "Sample",
  listed: "images in the order of the manifest: by class, then by content",
  counted: true,
});

@Resolver(() => Sample)
export class SampleResolver {
  @FieldResolver(() => String, {
    description:
      "Path on this server from which the image is downloaded, scaled down to fit, with the same " +
      "`Authorization` header.",
  })
  imageUrl(
    @Root() sample: SampleRecord,
    @Arg("sizePixels", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_SIZE_PIXELS,
      description:
        `Maximum of width and height in pixels, from 1 to ${MAX_SIZE_PIXELS}; null means ` +
        `${DEFAULT_SIZE_PIXELS}.`,
    })
    sizePixels: number | null,
  ): string {
    return imagePath(sample.id, checkedSize(sizePixels ?? DEFAULT_SIZE_PIXELS));
  }
}

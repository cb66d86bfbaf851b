import { Arg, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { SampleRecord } from "../../core/dataset-records.js";
import { Split } from "../datasets/split.js";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { checkedSize, DEFAULT_SIZE_PIXELS, imagePath, LARGEST_SIZE_PIXELS } from "./sample-image-path.js";

@ObjectType({ implements: Node, description: "One picture of a data set's version." })
export class Sample {
  @Field(() => String, { description: "Name of its class." })
  className!: string;

  @Field(() => Split, { description: "What it is used for." })
  split!: Split;

  @Field(() => String, {
    description: "Its path in what was imported, with forward slashes, such as `daisy/001.jpg`.",
  })
  sourceName!: string;

  @Field(() => String, { description: "SHA-256 of the file's bytes in hexadecimal." })
  contentHash!: string;

  @Field(() => Int, { description: "Width after its EXIF orientation was applied, in pixels." })
  widthPixels!: number;

  @Field(() => Int, { description: "Height after its EXIF orientation was applied, in pixels." })
  heightPixels!: number;
}

export const SampleConnection = connectionType(() => Sample, {
  name: "Sample",
  listed: "pictures in the order of the manifest: by class, then by content",
  counted: true,
});

@Resolver(() => Sample)
export class SampleResolver {
  @FieldResolver(() => String, {
    description:
      "Where to get the picture, scaled down to fit: a path of this server, to be asked for with the same " +
      "`Authorization` header.",
  })
  imageUrl(
    @Root() sample: SampleRecord,
    @Arg("sizePixels", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_SIZE_PIXELS,
      description: `Longest side in pixels, 1 to ${LARGEST_SIZE_PIXELS}; null means ${DEFAULT_SIZE_PIXELS}.`,
    })
    sizePixels: number | null,
  ): string {
    return imagePath(sample.id, checkedSize(sizePixels ?? DEFAULT_SIZE_PIXELS));
  }
}

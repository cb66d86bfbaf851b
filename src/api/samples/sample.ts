import { Field, Int, ObjectType } from "type-graphql";
import { Split } from "../datasets/enumerations.js";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";

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

import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";

@ObjectType({
  implements: Node,
  description: "A named collection of images. Its numbered versions hold the images.",
})
export class Dataset {
  @Field(() => String, { description: 'Unique name, such as "flowers".' })
  name!: string;

  @Field(() => String, { description: "What the images show, as described at import; may be empty." })
  description!: string;

  @Field(() => DateTime, { description: "When the first import began." })
  createdAt!: Date;
}

export const DatasetConnection = connectionType(() => Dataset, {
  name: "Dataset",
  listed: "datasets, newest first",
  counted: true,
});

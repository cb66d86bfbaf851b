import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";

@ObjectType({
  implements: Node,
  description: "A named collection of pictures; what it holds is in its numbered versions.",
})
export class Dataset {
  @Field(() => String, { description: 'Unique name, such as "flowers".' })
  name!: string;

  @Field(() => String, { description: "What the pictures show, in the words of its importer; may be empty." })
  description!: string;

  @Field(() => DateTime, { description: "When its first import began." })
  createdAt!: Date;
}

export const DatasetConnection = connectionType(() => Dataset, {
  name: "Dataset",
  listed: "data sets, newest first",
  counted: true,
});

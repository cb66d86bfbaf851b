import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";

@ObjectType({
  implements: Node,
  description: "A named classifier. Its numbered versions can classify images.",
})
export class Model {
  @Field(() => String, { description: 'Unique name, such as "flowers".' })
  name!: string;

  @Field(() => String, { description: "What the model classifies; may be empty." })
  description!: string;
}

export const ModelConnection = connectionType(() => Model, {
  name: "Model",
  listed: "models, newest first",
  counted: true,
});

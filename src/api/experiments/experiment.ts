import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";

@ObjectType({ implements: Node, description: "A named question that runs belong to." })
export class Experiment {
  @Field(() => String, { description: 'Unique name, such as "flowers".' })
  name!: string;

  @Field(() => String, { description: "What is being tried; may be empty." })
  description!: string;

  @Field(() => Int, {
    nullable: true,
    description: "How many of its runs may be at work at once; null: as many as there are devices.",
  })
  maxActiveRuns!: number | null;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;
}

export const ExperimentConnection = connectionType(() => Experiment, {
  name: "Experiment",
  listed: "experiments, newest first",
  counted: true,
});

import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";

@ObjectType({ implements: Node, description: "A named group of runs that belong to one question." })
export class Experiment {
  @Field(() => String, { description: 'Unique name, such as "flowers".' })
  name!: string;

  @Field(() => String, { description: "What the experiment is about; may be empty." })
  description!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many of its runs may be prepared or trained at the same time; null means one per device.",
  })
  maxActiveRuns!: number | null;

  @Field(() => DateTime, { description: "When the experiment was created." })
  createdAt!: Date;
}

export const ExperimentConnection = connectionType(() => Experiment, {
  name: "Experiment",
  listed: "experiments, newest first",
  counted: true,
});

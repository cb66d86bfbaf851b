import { Field, InputType, Int, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "What to change of an experiment; what is left out stays as it is." })
export class UpdateExperimentInput {
  @Field(() => String, { description: 'Its whole name, such as "flowers".' })
  experiment!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What is being tried; null leaves it as it is, and "" empties it.',
  })
  description?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many of its runs may be at work at once, from 1 to 1000; null: as many as there are devices. Left out, the " +
      "limit stays.",
  })
  maxActiveRuns?: number | null;
}

@ObjectType({ description: "The experiment that was changed." })
export class UpdateExperimentPayload {
  @Field(() => Experiment, { nullable: true, description: "The experiment; null when nothing was changed." })
  experiment!: Experiment | null;

  @Field(() => [UserError], { description: "Why nothing was changed; empty when it was." })
  userErrors!: readonly UserError[];
}

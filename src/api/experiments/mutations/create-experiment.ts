import { Field, InputType, Int, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { Experiment } from "../experiment.js";

@InputType({ description: "A new experiment." })
export class CreateExperimentInput {
  @Field(() => String, {
    description:
      "A name that no experiment has yet. Letters, digits, dots, dashes and underscores, at most 63.",
  })
  name!: string;

  @Field(() => String, {
    nullable: true,
    defaultValue: "",
    description: "What is being tried; null means an empty text.",
  })
  description!: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many of its runs may be at work at once, from 1 to 1000; null: as many as there are devices.",
  })
  maxActiveRuns?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The experiment that was made." })
export class CreateExperimentPayload {
  @Field(() => Experiment, { nullable: true, description: "The experiment; null when none was made." })
  experiment!: Experiment | null;

  @Field(() => [UserError], { description: "Why no experiment was made; empty when it was." })
  userErrors!: readonly UserError[];
}

import { Field, Float, InputType } from "type-graphql";
import { Architecture } from "../configuration/enumerations.js";
import { DateTime } from "../scalars.js";
import { RunState } from "./run-state.js";

@InputType({ description: "A range of a metric's best value; runs without the metric are not listed." })
export class MetricFilter {
  @Field(() => String, { description: 'Which metric, such as "validation.top1".' })
  key!: string;

  @Field(() => Float, { nullable: true, description: "The least best value; null: no lower bound." })
  atLeast?: number | null;

  @Field(() => Float, { nullable: true, description: "The greatest best value; null: no upper bound." })
  atMost?: number | null;
}

@InputType({ description: "A setting that runs must have." })
export class ConfigurationFilter {
  @Field(() => String, {
    description:
      'Where it is in the configuration, as `RunComparison.configuration` says it: "augmentation.rotationDegrees".',
  })
  path!: string;

  @Field(() => String, { description: 'Its value as text, such as "0.001", "true" or "VGG19".' })
  equals!: string;
}

@InputType("RunFilter", {
  description:
    "Which runs to list. All that is given must hold; what is left out, or null, does not restrict.",
})
export class RunFilterInput {
  @Field(() => String, { nullable: true, description: "Only of this experiment, by its name." })
  experiment?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Only on this data set: "flowers" for any version, "flowers:3" for version 3.',
  })
  dataset?: string | null;

  @Field(() => [RunState], { nullable: true, description: "Only in one of these states." })
  states?: readonly RunState[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Only with this text in their name, whatever its case.",
  })
  nameContains?: string | null;

  @Field(() => [Architecture], { nullable: true, description: "Only of one of these architectures." })
  architectures?: readonly Architecture[] | null;

  @Field(() => [MetricFilter], {
    nullable: true,
    description: "Only with best values in all of these ranges.",
  })
  metric?: readonly MetricFilter[] | null;

  @Field(() => [ConfigurationFilter], { nullable: true, description: "Only with all of these settings." })
  configuration?: readonly ConfigurationFilter[] | null;

  @Field(() => DateTime, { nullable: true, description: "Only launched after this moment." })
  createdAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Only launched before this moment." })
  createdBefore?: Date | null;
}

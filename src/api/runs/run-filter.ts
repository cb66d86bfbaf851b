import { Field, Float, InputType } from "type-graphql";
import { Architecture } from "../configuration/enumerations.js";
import { DateTime } from "../scalars.js";
import { RunState } from "./run-state.js";

@InputType({ description: "A range for the best value of a metric. Runs without the metric do not match." })
export class MetricFilter {
  @Field(() => String, {
    description: 'Key of the metric, such as "validation.top1". A key that no metric has is refused.',
  })
  key!: string;

  @Field(() => Float, { nullable: true, description: "Minimum of the best value; null means no minimum." })
  atLeast?: number | null;

  @Field(() => Float, { nullable: true, description: "Maximum of the best value; null means no maximum." })
  atMost?: number | null;
}

@InputType({ description: "A setting that matching runs have." })
export class ConfigurationFilter {
  @Field(() => String, {
    description:
      "Path in the configuration, as in `RunComparison.configuration`, such as " +
      '"augmentation.rotationDegrees". Runs in which the setting has no effect do not match. A path that no setting has ' +
      "is refused.",
  })
  path!: string;

  @Field(() => String, { description: 'Value as text, such as "0.001", "true" (in any case) or "VGG19".' })
  equals!: string;
}

@InputType("RunFilter", {
  description:
    "Which runs to list. All given conditions must hold; null and missing fields do not restrict the " +
    "list.",
})
export class RunFilterInput {
  @Field(() => String, { nullable: true, description: "Name of the experiment; null means any." })
  experiment?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      '"flowers" for runs on any version of a dataset, or "flowers:3" for version 3; null means any.',
  })
  dataset?: string | null;

  @Field(() => [RunState], {
    nullable: true,
    description: "States, one of which a run must be in; null means any.",
  })
  states?: readonly RunState[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Text that the name of a run must contain, ignoring case; null means any.",
  })
  nameContains?: string | null;

  @Field(() => [Architecture], {
    nullable: true,
    description: "Architectures, one of which a run must have; null means any.",
  })
  architectures?: readonly Architecture[] | null;

  @Field(() => [MetricFilter], {
    nullable: true,
    description: "Ranges that the best values of metrics must lie in, all of them; null means any.",
  })
  metric?: readonly MetricFilter[] | null;

  @Field(() => [ConfigurationFilter], {
    nullable: true,
    description: "Settings that a run must have, all of them; null means any.",
  })
  configuration?: readonly ConfigurationFilter[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Only runs launched after this moment; null means any.",
  })
  createdAfter?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Only runs launched before this moment; null means any.",
  })
  createdBefore?: Date | null;
}

import { Field, Float, Int, ObjectType } from "type-graphql";
import { MetricValue } from "../metrics/metric-value.js";
import { ClassProbability } from "../predictions/mutations/classify.js";
import { connectionType } from "../relay/connection.js";
import { Run } from "../runs/run.js";
import { Sample } from "../samples/sample.js";

@ObjectType({ description: "Something in which the compared runs are not all equal." })
export class Difference {
  @Field(() => String, { description: 'What differs, such as "learningRate.initial".' })
  path!: string;

  @Field(() => [String], {
    nullable: "items",
    description: "Its value in each run as text, in the order of `runs`; null where a run has none.",
  })
  values!: readonly (string | null)[];
}

@ObjectType({ description: "One metric of the compared runs." })
export class MetricComparison {
  @Field(() => String, { description: 'Which metric, such as "validation.top1".' })
  key!: string;

  @Field(() => [MetricValue], {
    nullable: "items",
    description: "Best value of each run, in the order of `runs`; null where a run has none.",
  })
  best!: readonly (number | null)[];

  @Field(() => [MetricValue], {
    nullable: "items",
    description: "Newest value of each run, in the order of `runs`; null where a run has none.",
  })
  last!: readonly (number | null)[];
}

@ObjectType({ description: "One run's line in a chart." })
export class CurveSeries {
  @Field(() => [Float], {
    nullable: "items",
    description: "A value for each of `epochs`; null where the run has none, or none that is finite.",
  })
  values!: readonly (number | null)[];
}

@ObjectType({ description: "One metric of the compared runs over the epochs, ready to be drawn." })
export class AlignedCurve {
  @Field(() => String, { description: "Which metric." })
  key!: string;

  @Field(() => [Int], { description: "Every epoch that at least one of the runs completed." })
  epochs!: readonly number[];

  @Field(() => [CurveSeries], { description: "A line for each run, in the order of `runs`." })
  series!: readonly CurveSeries[];
}

@ObjectType({ description: "One class in the compared runs." })
export class ClassComparison {
  @Field(() => String, { description: "The class." })
  name!: string;

  @Field(() => [Float], {
    nullable: "items",
    description:
      "F1 of each run's best checkpoint on the validation split, in the order of `runs`; null where a run lacks the " +
      "class, or was not evaluated yet, or has no F1 of it.",
  })
  f1!: readonly (number | null)[];
}

@ObjectType({ description: "A picture that one of two runs gets right and the other wrong." })
export class Disagreement {
  @Field(() => Sample, { description: "The picture, with its true class." })
  sample!: Sample;

  @Field(() => [ClassProbability], {
    description: "What the best checkpoint of each run takes it for, in the order of `runs`.",
  })
  predictions!: readonly ClassProbability[];
}

export const DisagreementConnection = connectionType(() => Disagreement, {
  name: "Disagreement",
  listed: "pictures that one of two runs gets right and the other wrong, in the order of the data set",
  counted: true,
});

@ObjectType({ description: "Why one run did better than another: what differs between them." })
export class RunComparison {
  @Field(() => [Run], { description: "The compared runs, in the order asked for." })
  runs!: readonly Run[];

  @Field(() => [Difference], { description: "Settings that differ; equal ones are left out." })
  configuration!: readonly Difference[];

  @Field(() => [Difference], { description: "What differs in the data: version, hash, counts, classes." })
  data!: readonly Difference[];

  @Field(() => [Difference], { description: "What differs in where they ran: versions, processor, threads." })
  environment!: readonly Difference[];

  @Field(() => [MetricComparison], { description: "Best and newest values of every metric that a run has." })
  metrics!: readonly MetricComparison[];
}

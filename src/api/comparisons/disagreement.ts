import { Field, ObjectType } from "type-graphql";
import { ClassProbability } from "../predictions/class-probability.js";
import { connectionType } from "../relay/connection.js";
import { Sample } from "../samples/sample.js";

@ObjectType({ description: "An image that one of two runs classifies correctly and the other does not." })
class Disagreement {
  @Field(() => Sample, { description: "The image with its true class." })
  sample!: Sample;

  @Field(() => [ClassProbability], {
    description: "The class that each run's best checkpoint predicts, in the order of `runs`.",
  })
  predictions!: readonly ClassProbability[];
}

export const DisagreementConnection = connectionType(() => Disagreement, {
  name: "Disagreement",
  listed:
    "images that one of two runs classifies correctly and the other does not, in the order of the " +
    "dataset",
  counted: true,
});

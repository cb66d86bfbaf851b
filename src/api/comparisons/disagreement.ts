import { Field, ObjectType } from "type-graphql";
import { ClassProbability } from "../predictions/class-probability.js";
import { connectionType } from "../relay/connection.js";
import { Sample } from "../samples/sample.js";

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

import { Field, Float, InputType } from "type-graphql";

@InputType({
  description:
    "How much a picture of each class counts in the training loss, never in evaluation: exactly one of the fields.",
})
export class ClassWeightsInput {
  @Field(() => Boolean, {
    nullable: true,
    description:
      "`true`: rare classes count more, so that all count the same in total: pictures / (classes * pictures of the " +
      "class), of the training split. `false`: all pictures count the same.",
  })
  balanced?: boolean;

  @Field(() => [Float], {
    nullable: true,
    description: "One weight for each class of the data set, in the order of `DatasetVersion.classes`.",
  })
  weights?: number[];
}

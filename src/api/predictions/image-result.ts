import { createUnionType, Field, ObjectType } from "type-graphql";
import { QuarantineReason } from "../datasets/quarantine-reason.js";
import { ClassProbability } from "./class-probability.js";

@ObjectType({ description: "The prediction for one image." })
class ImageClassification {
  @Field(() => [ClassProbability], { description: "The most likely classes, most likely first." })
  top!: readonly ClassProbability[];
}

@ObjectType({
  description: "Why an image could not be classified. The other images of the request are not affected.",
})
class ImageFailure {
  @Field(() => QuarantineReason, { description: "The reason as a code." })
  reason!: QuarantineReason;

  @Field(() => String, { description: "The reason in words." })
  detail!: string;
}

export const ImageResult = createUnionType({
  name: "ImageResult",
  description: "The prediction for one image, or why there is none.",
  types: () => [ImageClassification, ImageFailure] as const,
  resolveType: (result) => ("reason" in result ? ImageFailure : ImageClassification),
});

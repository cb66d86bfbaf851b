import { createUnionType, Field, ObjectType } from "type-graphql";
import { QuarantineReason } from "../datasets/quarantine-reason.js";
import { ClassProbability } from "./class-probability.js";

@ObjectType({ description: "What a picture shows." })
export class ImageClassification {
  @Field(() => [ClassProbability], { description: "The likeliest classes, the likeliest first." })
  top!: readonly ClassProbability[];
}

@ObjectType({
  description: "Why a picture could not be classified. The others of the call are not affected.",
})
export class ImageFailure {
  @Field(() => QuarantineReason, { description: "Why, for programs." })
  reason!: QuarantineReason;

  @Field(() => String, { description: "Why, for people." })
  detail!: string;
}

export const ImageResult = createUnionType({
  name: "ImageResult",
  description: "What a picture shows, or why that cannot be told.",
  types: () => [ImageClassification, ImageFailure] as const,
  resolveType: (result) => ("reason" in result ? ImageFailure : ImageClassification),
});

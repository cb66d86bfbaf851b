import { createUnionType, Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { QuarantineReason } from "../../datasets/enumerations.js";
import { UserError } from "../../errors/user-error.js";
import { ModelVersion } from "../../models/model-version.js";

@InputType({ description: "One picture: exactly one of the fields." })
export class ImageInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The bytes of the picture's file as base64; give it in a variable. All of a request together have at most " +
      "16 MiB: send more through uploads.",
  })
  base64?: string;

  @Field(() => ID, { nullable: true, description: "An upload (see `createUpload`) that holds one picture." })
  uploadId?: string;

  @Field(() => ID, { nullable: true, description: "A picture of a data set's version." })
  sampleId?: string;
}

@InputType({ description: "What to classify, and with which model." })
export class ClassifyInput {
  @Field(() => String, {
    description: '"flowers@champion" for an alias, "flowers:3" for version 3, "flowers" for the newest.',
  })
  model!: string;

  @Field(() => [ImageInput], { description: "The pictures, at most 64." })
  images!: readonly ImageInput[];

  @Field(() => Int, {
    nullable: true,
    defaultValue: 5,
    description: "How many classes to name for each picture, the likeliest first; null means 5.",
  })
  topK!: number | null;
}

@ObjectType({ description: "A class, and how likely it is." })
export class ClassProbability {
  @Field(() => String, { description: "Name of the class." })
  label!: string;

  @Field(() => Float, { description: "From 0 to 1; those of all classes add up to 1." })
  probability!: number;
}

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

@ObjectType({ description: "What the pictures show." })
export class ClassifyPayload {
  @Field(() => [ImageResult], {
    description: "One result for each picture, in their order; empty when refused.",
  })
  results!: readonly (typeof ImageResult)[];

  @Field(() => ModelVersion, { nullable: true, description: "The version that answered; null when refused." })
  modelVersion!: ModelVersion | null;

  @Field(() => Float, {
    nullable: true,
    description: "Milliseconds that decoding and classifying took on the server; null when refused.",
  })
  latencyMs!: number | null;

  @Field(() => [UserError], { description: "Why nothing was classified; empty when it was." })
  userErrors!: readonly UserError[];
}

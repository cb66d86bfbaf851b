import { Arg, Authorized, Field, Float, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { Classifier } from "../../../serving/classifier.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { ModelVersion } from "../../models/model-version.js";
import { ImageInput, requestedImage } from "../image-input.js";
import { ImageResult } from "../image-result.js";

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

  @Field(() => [UserError], {
    description: userErrorsDescription(
      "Why nothing was classified; empty on success. An image that cannot be classified fails alone, in `results`.",
      [
        "MODEL_VERSION_NOT_FOUND",
        "TOP_K_INVALID",
        "TOO_MANY_IMAGES",
        "SAMPLE_NOT_FOUND",
        "UPLOAD_NOT_FOUND",
        "UPLOAD_EXPIRED",
        "UPLOAD_INCOMPLETE",
      ],
    ),
  })
  userErrors!: readonly UserError[];
}

const DEFAULT_TOP_K = 5;

@Resolver()
export class ClassifyResolver {
  constructor(private readonly classifier: Classifier) {}

  @Authorized<Role>("VIEWER")
  @Mutation(() => ClassifyPayload, {
    description: "Says what pictures show. One that cannot be read fails alone. Needs the role VIEWER.",
  })
  classify(
    @Arg("input", () => ClassifyInput, { description: "The pictures, and the model." }) input: ClassifyInput,
  ): Promise<ClassifyPayload> {
    return withUserErrors<Omit<ClassifyPayload, "userErrors">>(
      { results: [], modelVersion: null, latencyMs: null },
      () =>
        this.classifier.classify({
          model: input.model,
          images: input.images.map(requestedImage),
          topK: input.topK ?? DEFAULT_TOP_K,
        }),
    );
  }
}

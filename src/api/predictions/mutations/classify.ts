import { Arg, Authorized, Field, Float, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { Classifier } from "../../../serving/classifier.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { ModelVersion } from "../../models/model-version.js";
import { ImageInput, requestedImage } from "../image-input.js";
import { ImageResult } from "../image-result.js";

@InputType({ description: "The images to classify and the model." })
export class ClassifyInput {
  @Field(() => String, {
    description:
      '"flowers@champion" for an alias, "flowers:3" for version 3, or "flowers" for the newest version.',
  })
  model!: string;

  @Field(() => [ImageInput], { description: "At most 64 images." })
  images!: readonly ImageInput[];

  @Field(() => Int, {
    nullable: true,
    defaultValue: 5,
    description: "Number of classes to return for each image, most likely first; null means 5.",
  })
  topK!: number | null;
}

@ObjectType({ description: "The predictions." })
export class ClassifyPayload {
  @Field(() => [ImageResult], {
    description: "One result for each image, in the order of the input; empty when the request failed.",
  })
  results!: readonly (typeof ImageResult)[];

  @Field(() => ModelVersion, {
    nullable: true,
    description: "The version that classified the images; null when the request failed.",
  })
  modelVersion!: ModelVersion | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Time that decoding and classifying took on the server, in milliseconds; null when the request " +
      "failed.",
  })
  latencyMs!: number | null;

  @Field(() => [UserError], {
    description: userErrorsDescription(
      "Why nothing was classified; empty on success. An image that cannot be classified has its error in `results`.",
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
    description:
      "Classifies images. An image that cannot be read does not affect the others. An unknown `sampleId` or `uploadId`, or " +
      "an upload that is expired or incomplete, refuses the whole request: see `userErrors`. Needs the role VIEWER.",
  })
  classify(
    @Arg("input", () => ClassifyInput, { description: "The images and the model." }) input: ClassifyInput,
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

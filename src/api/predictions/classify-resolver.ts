import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { Classifier } from "../../serving/classifier.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import { ClassifyInput, ClassifyPayload } from "./mutations/classify.js";
import { pictureInput } from "./picture-input.js";

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
          images: input.images.map(pictureInput),
          topK: input.topK ?? DEFAULT_TOP_K,
        }),
    );
  }
}

import { Field, ID, InputType } from "type-graphql";

@InputType({
  description:
    "Weights to begin with: exactly one of the fields. The network must be of the same shape; layers of the head that " +
    "do not fit, such as those of another number of classes, start at random.",
})
export class InitializationInput {
  @Field(() => String, {
    nullable: true,
    description: 'A version of a model: "flowers:3", or by its alias "flowers@champion".',
  })
  modelVersion?: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "An uploaded file of weights, told by its content: Keras `.h5`, `.weights.h5` or `.keras`, safetensors, or a " +
      "PyTorch `.pth` with the names of torchvision or timm.",
  })
  uploadId?: string;
}

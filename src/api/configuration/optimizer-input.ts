import { Field, Float, InputType } from "type-graphql";

@InputType({ description: "Adam, Kingma and Ba (2015); the same settings are AdamW's." })
export class AdamInput {
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.9,
    description: "Decay of the mean gradient, in [0, 1); null means 0.9.",
  })
  beta1?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.999,
    description: "Decay of the mean squared gradient, in [0, 1); null means 0.999.",
  })
  beta2?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 1e-7,
    description: "Keeps the division finite, greater than 0; null means 1e-7.",
  })
  epsilon?: number | null;
}

@InputType({ description: "Stochastic gradient descent with momentum." })
export class SgdInput {
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.9,
    description: "Decay of the velocity, in [0, 1); 0 is plain descent. Null means 0.9.",
  })
  momentum?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether momentum is Nesterov's; null means false.",
  })
  nesterov?: boolean | null;
}

@InputType({ description: "How gradients change the weights: exactly one of the fields." })
export class OptimizerInput {
  @Field(() => AdamInput, { nullable: true, description: "Adam; `{}` takes its defaults." })
  adam?: AdamInput;

  @Field(() => SgdInput, {
    nullable: true,
    description: "Stochastic gradient descent; `{}` takes its defaults.",
  })
  sgd?: SgdInput;

  @Field(() => AdamInput, {
    nullable: true,
    description:
      "AdamW, Loshchilov and Hutter (2019): Adam that takes `weightDecay` off the weights themselves, not by way of " +
      "the gradient; `{}` takes its defaults.",
  })
  adamW?: AdamInput;
}

import { Field, Float, InputType } from "type-graphql";

@InputType({ description: "One rate for all epochs." })
export class ConstantRateInput {
  @Field(() => Float, { description: "The rate, greater than 0." })
  initial!: number;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Epochs, or a part of one, over which the rate rises from 0; null means 0.",
  })
  warmupEpochs?: number | null;
}

@InputType({
  description: "A rate that falls along half a cosine, Loshchilov and Hutter (2017), without restarts.",
})
export class CosineInput {
  @Field(() => Float, { description: "The rate after the warm-up, greater than 0." })
  initial!: number;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "The rate at the end of the last epoch, at most `initial`; null means 0.",
  })
  minimum?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Epochs, or a part of one, over which the rate rises from 0 first; null means 0.",
  })
  warmupEpochs?: number | null;
}

@InputType({ description: "How fast to learn over the epochs: exactly one of the fields." })
export class LearningRateInput {
  @Field(() => ConstantRateInput, { nullable: true, description: "One rate for all epochs." })
  constant?: ConstantRateInput;

  @Field(() => CosineInput, { nullable: true, description: "A rate that falls along half a cosine." })
  cosine?: CosineInput;
}

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

@InputType({
  description:
    "A rate that falls by the same factor in equal times: `initial` * `decayRate` ^ (epochs / `decayEpochs`), counted " +
    "from the end of the warm-up.",
})
export class ExponentialDecayInput {
  @Field(() => Float, { description: "The rate after the warm-up, greater than 0." })
  initial!: number;

  @Field(() => Float, {
    description: "Epochs in which the rate falls to `decayRate` times what it was, greater than 0.",
  })
  decayEpochs!: number;

  @Field(() => Float, { description: "What is left of the rate after `decayEpochs`, above 0 and at most 1." })
  decayRate!: number;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether it falls at once after every `decayEpochs`, not with every step; null means false.",
  })
  staircase?: boolean | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Epochs, or a part of one, over which the rate rises from 0 first; null means 0.",
  })
  warmupEpochs?: number | null;
}

@InputType({ description: "A rate that drops every so many epochs, counted from the end of the warm-up." })
export class StepInput {
  @Field(() => Float, { description: "The rate after the warm-up, greater than 0." })
  initial!: number;

  @Field(() => Float, { description: "Epochs between two drops, greater than 0." })
  dropEveryEpochs!: number;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.1,
    description: "What a drop multiplies the rate by, above 0 and at most 1; null means 0.1.",
  })
  factor?: number | null;

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

  @Field(() => ExponentialDecayInput, {
    nullable: true,
    description: "A rate that falls by the same factor in equal times.",
  })
  exponentialDecay?: ExponentialDecayInput;

  @Field(() => StepInput, { nullable: true, description: "A rate that drops every so many epochs." })
  step?: StepInput;
}

import { Field, Float, ObjectType } from "type-graphql";
import { Precision } from "../configuration/enumerations.js";

@ObjectType({
  description:
    "Time of a short convolution and matrix product, forward and backward. The precision AUTO selects " +
    "the fastest format.",
})
export class PrecisionMeasurement {
  @Field(() => Precision, { description: "The measured floating-point format." })
  precision!: Precision;

  @Field(() => String, { description: "Name of the device that computed, as TensorFlow reports it." })
  device!: string;

  @Field(() => Float, { description: "Time of the fastest of several repetitions, in milliseconds." })
  milliseconds!: number;
}

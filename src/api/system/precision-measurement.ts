import { Field, Float, ObjectType } from "type-graphql";
import { Precision } from "../configuration/enumerations.js";

@ObjectType({
  description:
    "How long a short convolution and matrix product take, forward and backward: what the precision AUTO decides by.",
})
export class PrecisionMeasurement {
  @Field(() => Precision, { description: "The floating-point format that was measured." })
  precision!: Precision;

  @Field(() => String, { description: "The device that computed, as TensorFlow names it." })
  device!: string;

  @Field(() => Float, { description: "Milliseconds of the fastest of a few repetitions; lower is better." })
  milliseconds!: number;
}

import { Field, Int, ObjectType } from "type-graphql";
import { Precision } from "../configuration/enumerations.js";
import { PrecisionMeasurement } from "../system/precision-measurement.js";

@ObjectType({
  description:
    "Where a run trains. The same configuration gives the same weights, bit for bit, only where all of this is equal.",
})
export class RunEnvironment {
  @Field(() => String, { description: "Name and version of this product." })
  product!: string;

  @Field(() => String, { description: "Version of the TensorFlow library." })
  tensorflowVersion!: string;

  @Field(() => String, { description: "Version of Node.js." })
  nodeVersion!: string;

  @Field(() => String, { description: "Model of the processor." })
  processor!: string;

  @Field(() => String, { description: "The device that computes, as TensorFlow names it." })
  device!: string;

  @Field(() => Int, { description: "Threads that one operation uses." })
  threads!: number;

  @Field(() => [String], {
    description:
      "Operations of this product's own that training may use beside TensorFlow's; none on a GPU, where no compiler is, " +
      "or where its owner does not want them.",
  })
  customOps!: readonly string[];

  @Field(() => Precision, { description: "The floating-point format it computes in: what AUTO became." })
  precision!: Precision;

  @Field(() => [PrecisionMeasurement], {
    description: "What AUTO decided by; empty when the configuration names a precision.",
  })
  precisionMeasurements!: readonly PrecisionMeasurement[];

  @Field(() => Int, {
    description:
      "Pictures of a batch that are computed at once; the gradients of its parts are added up. Less than asked for where " +
      "memory ran out.",
  })
  partSize!: number;
}

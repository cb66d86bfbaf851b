import { Field, Int, ObjectType } from "type-graphql";
import { ACCUMULATION_EFFECT } from "../../core/runs/warnings.js";
import { Precision } from "../configuration/enumerations.js";
import { PrecisionMeasurement } from "../system/precision-measurement.js";

@ObjectType({
  description:
    "Where a run trains. Equal configurations give the same weights, bit for bit, only in equal " +
    "environments.",
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

  @Field(() => String, { description: "Name of the device that computes, as TensorFlow reports it." })
  device!: string;

  @Field(() => Int, { description: "Number of threads for one TensorFlow op." })
  threads!: number;

  @Field(() => [String], {
    description:
      "Names of the custom ops that training may use beside TensorFlow's. Empty on a GPU, without a " +
      "compiler, or when custom ops are switched off.",
  })
  customOps!: readonly string[];

  @Field(() => [String], {
    nullable: true,
    description:
      "Convolutions whose kernel gradients Eigen computes in place of oneDNN, because that was measured to be " +
      'faster on this machine, such as "3x3, 224x224x64 -> 64": the kernel, the image and the number of filters. Null: none.',
  })
  eigenKernelGradients!: readonly string[] | null;

  @Field(() => Precision, {
    description: "Floating-point format of the computation. It replaces AUTO in the configuration.",
  })
  precision!: Precision;

  @Field(() => [PrecisionMeasurement], {
    description: "Measurements from which AUTO was resolved; empty when the configuration names a precision.",
  })
  precisionMeasurements!: readonly PrecisionMeasurement[];

  @Field(() => Int, {
    description:
      "Number of images of a micro-batch, whose gradients are summed to those of the batch. Smaller than " +
      `configured when memory ran out. ${ACCUMULATION_EFFECT}`,
  })
  partSize!: number;
}

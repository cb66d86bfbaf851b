import { Field, Float, Int, ObjectType } from "type-graphql";
import { wilsonInterval } from "../../core/metrics/wilson-interval.js";
import type { ModelMeasurement as Measurement } from "../../exports/comparison/measurement.js";
import { ConfidenceInterval } from "../evaluations/confidence-interval.js";
import { SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "How a model version or an export computed on this server's machine, in a process of its own with a lowered priority. " +
    "The models of a comparison are open at the same time and are timed in turns, so that all see the same load: compare " +
    "times within one comparison only.",
})
export class ModelMeasurement {
  @Field(() => String, {
    description:
      'Runtime: "Espalier" for a model version, as `classify` serves it; the official runtime of its format for an ' +
      'export, such as "ONNX Runtime".',
  })
  runtime!: string;

  @Field(() => String, { description: "Version of the runtime." })
  runtimeVersion!: string;

  @Field(() => Int, {
    description:
      "Number of images that were classified: all of the split, or 2,000 of them, the same that exports are proven on.",
  })
  imageCount!: number;

  @Field(() => Float, { description: "Fraction of the images whose most probable class is theirs." })
  accuracy!: number;

  @Field(() => ConfidenceInterval, { description: "Confidence interval of `accuracy`, at 95 %." })
  accuracyInterval!: ConfidenceInterval;

  @Field(() => Float, {
    description: "Median time of one image at batch 1, in milliseconds, without decoding the image.",
  })
  millisecondsPerImageAtBatch1!: number;

  @Field(() => Float, {
    description:
      "Median time of a batch of 8 images divided by 8, in milliseconds, without decoding the images.",
  })
  millisecondsPerImageAtBatch8!: number;

  @Field(() => SafeInt, {
    description:
      "Maximum resident memory of the process until it had classified all images in batches of 8, in bytes. It includes " +
      "the runtime, the program around it, and the decoder of images.",
  })
  peakMemoryBytes!: number;
}

export function modelMeasurementOf(measurement: Measurement | null): ModelMeasurement | null {
  if (measurement?.status !== "MEASURED") return null;
  const { runtime, runtimeVersion, imageCount, correctCount, peakMemoryBytes } = measurement;
  const accuracy = correctCount / imageCount;
  return {
    runtime,
    runtimeVersion,
    imageCount,
    accuracy,
    accuracyInterval: wilsonInterval(accuracy, imageCount),
    millisecondsPerImageAtBatch1: measurement.millisecondsAtBatch1,
    millisecondsPerImageAtBatch8: measurement.millisecondsAtBatch8,
    peakMemoryBytes,
  };
}

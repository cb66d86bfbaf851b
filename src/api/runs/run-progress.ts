import { Field, Float, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "Progress of a run." })
export class RunProgress {
  @Field(() => Int, { description: "Number of the current epoch, from 1; 0 while the run is prepared." })
  epoch!: number;

  @Field(() => Int, { description: "Number of epochs to train unless the run stops early." })
  epochs!: number;

  @Field(() => Int, {
    description:
      "Number of batches trained in this epoch. While `epoch` is 0: the number of images packed, or of mebibytes of " +
      "pretrained weights downloaded.",
  })
  step!: number;

  @Field(() => Int, {
    description:
      "Number of batches per epoch. While `epoch` is 0: the number of images to pack, or of mebibytes.",
  })
  stepsPerEpoch!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Current speed of training in images per second; null until it is measured.",
  })
  imagesPerSecond!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Estimated time until all epochs are trained, in seconds; null until it can be estimated.",
  })
  remainingSeconds!: number | null;
}

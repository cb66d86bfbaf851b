import { Field, Float, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "How far a run is." })
export class RunProgress {
  @Field(() => Int, { description: "The epoch under way, from 1; 0 while pictures are being packed." })
  epoch!: number;

  @Field(() => Int, { description: "Epochs it will train unless it stops early." })
  epochs!: number;

  @Field(() => Int, { description: "Batches trained in this epoch; pictures packed while `epoch` is 0." })
  step!: number;

  @Field(() => Int, { description: "Batches of an epoch; pictures to pack while `epoch` is 0." })
  stepsPerEpoch!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Pictures trained per second of late; null until that is known.",
  })
  imagesPerSecond!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Seconds until all epochs are trained, estimated; null until that is known.",
  })
  remainingSeconds!: number | null;
}

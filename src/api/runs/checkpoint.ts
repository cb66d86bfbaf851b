import { Field, Int, ObjectType } from "type-graphql";
import { DateTime, SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "Weights and optimizer state that a run saved. A run resumes from its last checkpoint; a model " +
    "version is made from its best.",
})
export class Checkpoint {
  @Field(() => Int, { description: "Epoch after which the checkpoint was saved, from 1." })
  epoch!: number;

  @Field(() => Int, { description: "Number of batches trained in all epochs when the checkpoint was saved." })
  step!: number;

  @Field(() => Boolean, { description: "Whether the checkpoint is the best so far by the monitored metric." })
  best!: boolean;

  @Field(() => SafeInt, { description: "Size of all its files together, in bytes." })
  sizeBytes!: number;

  @Field(() => String, {
    description: "SHA-256 over all its files in the order of their names, in hexadecimal.",
  })
  sha256!: string;

  @Field(() => DateTime, { description: "When the checkpoint was saved." })
  createdAt!: Date;
}

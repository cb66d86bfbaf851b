import { Field, Int, ObjectType } from "type-graphql";
import { DateTime, SafeInt } from "../scalars.js";

@ObjectType({ description: "Weights and optimiser state that a run saved, to resume from or to register." })
export class Checkpoint {
  @Field(() => Int, { description: "The epoch after which it was saved, from 1." })
  epoch!: number;

  @Field(() => Int, { description: "Batches trained when it was saved, over all epochs." })
  step!: number;

  @Field(() => Boolean, { description: "Whether it is the best by the monitored metric so far." })
  best!: boolean;

  @Field(() => SafeInt, { description: "Size of its files together, in bytes." })
  sizeBytes!: number;

  @Field(() => String, { description: "SHA-256 over its files in the order of their names, in hexadecimal." })
  sha256!: string;

  @Field(() => DateTime, { description: "When it was saved." })
  createdAt!: Date;
}

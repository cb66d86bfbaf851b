import { Field, Float, Int, ObjectType } from "type-graphql";
import type { EpochRecord } from "../../core/runs/events.js";
import { addMetricFields } from "./epoch-metrics.js";

@ObjectType({ description: "The figures of one epoch." })
export class Epoch implements Pick<EpochRecord, "number" | "seconds"> {
  @Field(() => Int, { description: "Number of the epoch, from 1." })
  number!: number;

  @Field(() => Float, {
    description: "Duration of the epoch in seconds, validation and checkpoint included.",
  })
  seconds!: number;
}

addMetricFields(Epoch);

import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime, SafeInt } from "../scalars.js";

@ObjectType({
  implements: Node,
  description: "A classifier made from a run's best checkpoint. It never changes.",
})
export class ModelVersion {
  @Field(() => Int, { description: "Counts from 1 within its model." })
  number!: number;

  @Field(() => Int, { description: "The epoch of its run whose weights it has, from 1." })
  epoch!: number;

  @Field(() => [String], { description: "What it tells apart, in the order of the network's outputs." })
  classNames!: readonly string[];

  @Field(() => Int, { description: "Height and width that it brings pictures to." })
  imageSizePixels!: number;

  @Field(() => SafeInt, { description: "Numbers that the network holds." })
  parameterCount!: number;

  @Field(() => SafeInt, { description: "Size of its exported files together, in bytes." })
  sizeBytes!: number;

  @Field(() => DateTime, { description: "When it was registered." })
  createdAt!: Date;
}

export const ModelVersionConnection = connectionType(() => ModelVersion, {
  name: "ModelVersion",
  listed: "versions of a model, newest first",
  counted: true,
});

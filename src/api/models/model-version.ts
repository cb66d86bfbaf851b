import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime, SafeInt } from "../scalars.js";

@ObjectType({
  implements: Node,
  description:
    "A classifier made from the best checkpoint of a run. Immutable: its metrics, scores, configuration and input are " +
    "those of its own weights, whatever the run does afterwards.",
})
export class ModelVersion {
  @Field(() => Int, { description: "Number of the version within its model, from 1." })
  number!: number;

  @Field(() => Int, { description: "Epoch of the run at which the weights were saved, from 1." })
  epoch!: number;

  @Field(() => [String], { description: "Names of the classes, in the order of the network's outputs." })
  classNames!: readonly string[];

  @Field(() => Int, { description: "Height and width to which images are resized, in pixels." })
  imageSizePixels!: number;

  @Field(() => SafeInt, { description: "Number of parameters of the network." })
  parameterCount!: number;

  @Field(() => SafeInt, { description: "Size of all exported files together, in bytes." })
  sizeBytes!: number;

  @Field(() => DateTime, { description: "When the version was registered." })
  createdAt!: Date;
}

export const ModelVersionConnection = connectionType(() => ModelVersion, {
  name: "ModelVersion",
  listed: "versions of a model, newest first",
  counted: true,
});

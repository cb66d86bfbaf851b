import { Field, Float, Int, ObjectType } from "type-graphql";
import type { PrunedLayerRecord, PrunedNetworkRecord } from "../../training/record/pruned-network.js";

@ObjectType({ description: "A convolution that lost channels." })
export class PrunedLayer implements PrunedLayerRecord {
  @Field(() => String, { description: 'Name of the layer, such as "block3_conv2".' })
  name!: string;

  @Field(() => Int, {
    description: "Output channels that the architecture gives it, with `widthMultiplier`.",
  })
  channelsBefore!: number;

  @Field(() => Int, { description: "Output channels that it has." })
  channels!: number;
}

@ObjectType({ description: "What pruning left of a network, compared with its architecture." })
export class PrunedNetwork implements PrunedNetworkRecord {
  @Field(() => [PrunedLayer], {
    description: "The convolutions that lost channels, in the order of the network.",
  })
  layers!: readonly PrunedLayer[];

  @Field(() => Int, {
    description: "Output channels of all convolutions as the architecture has them, with `widthMultiplier`.",
  })
  channelsBefore!: number;

  @Field(() => Int, { description: "Output channels of all convolutions." })
  channels!: number;

  @Field(() => Float, {
    description:
      "The part of the channels that was removed, from 0 to 1. After pruning a pruned network, that of both together.",
  })
  removed!: number;
}

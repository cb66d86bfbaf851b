import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { Preprocessing } from "../configuration/enumerations.js";

const ChannelOrder = { RGB: "RGB" } as const;

registerEnumType(ChannelOrder, {
  name: "ChannelOrder",
  description: "The order of an image's color channels.",
  valuesConfig: { RGB: { description: "Red, green, blue." } },
});

@ObjectType({
  description:
    "The images that a model takes and the classes that it answers with. A program that calls the exported SavedModel " +
    "needs to do no more than this: the preprocessing is a part of the network. Fixed when the version is registered.",
})
export class ModelInput {
  @Field(() => String, { description: 'Signature of the SavedModel to call, such as "serving_default".' })
  signature!: string;

  @Field(() => String, { description: 'Name of the signature\'s input, such as "images".' })
  tensor!: string;

  @Field(() => String, {
    description:
      'Type of the input\'s values, such as "uint8". Its dimensions are image, row, column and channel.',
  })
  dataType!: string;

  @Field(() => Int, {
    description:
      "Height and width of the images in pixels. Training resizes each side by itself, without keeping the proportions.",
  })
  imageSizePixels!: number;

  @Field(() => ChannelOrder, { description: "Order of the channels, which are the last dimension." })
  channelOrder!: "RGB";

  @Field(() => Float, { description: "Lowest value of a channel: none of its color." })
  minimumValue!: number;

  @Field(() => Float, { description: "Highest value of a channel: full brightness." })
  maximumValue!: number;

  @Field(() => Preprocessing, {
    description: "Scaling that the network applies to these values. Do not apply it before the network.",
  })
  preprocessing!: Preprocessing;

  @Field(() => [String], { description: "Names of the classes, in the order of the network's outputs." })
  classNames!: readonly string[];
}

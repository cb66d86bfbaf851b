import { Field, Float, InputType } from "type-graphql";
import { FillMode } from "./enumerations.js";

@InputType({
  description:
    "Random changes of training pictures, drawn anew for every picture and epoch. Each amount is the most that " +
    "happens; 0 is nothing. Pictures to validate and to test with stay as they are.",
})
export class AugmentationInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether half of the pictures are mirrored left to right; null means false.",
  })
  horizontalFlip?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether half of the pictures are mirrored top to bottom; null means false.",
  })
  verticalFlip?: boolean | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Turns by up to so many degrees either way, from 0 to 180; null means 0.",
  })
  rotationDegrees?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Moves sideways by up to this fraction of the width, from 0 to 1; null means 0.",
  })
  widthShift?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Moves up or down by up to this fraction of the height, from 0 to 1; null means 0.",
  })
  heightShift?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description:
      "Shows a part with 1 - zoom to 1 + zoom times the picture's side, so that it looks larger or smaller; " +
      "in [0, 1). Null means 0.",
  })
  zoom?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "Brightens or darkens by up to this fraction of white, from 0 to 1; null means 0.",
  })
  brightness?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description:
      "Multiplies the distance of values from their mean by 1 - contrast to 1 + contrast, from 0 to 1; null means 0.",
  })
  contrast?: number | null;

  @Field(() => FillMode, {
    nullable: true,
    defaultValue: "REFLECT",
    description: "What lies beyond the edge of a picture that was moved; null means REFLECT.",
  })
  fillMode?: FillMode | null;
}

import { Field, Float, ObjectType } from "type-graphql";
import { FillMode } from "./enumerations.js";

@ObjectType({
  description:
    "How a run changes its training pictures at random. Each amount is the most that happens; 0 is nothing.",
})
export class Augmentation {
  @Field(() => Boolean, { description: "Whether half of the pictures are mirrored left to right." })
  horizontalFlip!: boolean;

  @Field(() => Boolean, { description: "Whether half of the pictures are mirrored top to bottom." })
  verticalFlip!: boolean;

  @Field(() => Float, { description: "Degrees that pictures are turned by, either way." })
  rotationDegrees!: number;

  @Field(() => Float, { description: "Fraction of the width that pictures are moved by, either way." })
  widthShift!: number;

  @Field(() => Float, { description: "Fraction of the height that pictures are moved by, either way." })
  heightShift!: number;

  @Field(() => Float, {
    description: "Fraction of the side by which the part that is seen shrinks or grows, either way.",
  })
  zoom!: number;

  @Field(() => Float, { description: "Fraction of white that is added or taken off." })
  brightness!: number;

  @Field(() => Float, { description: "How far the factor of their contrast goes from 1, either way." })
  contrast!: number;

  @Field(() => FillMode, { description: "What lies beyond the edge of a picture that was moved." })
  fillMode!: FillMode;
}

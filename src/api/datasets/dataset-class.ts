import { Field, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "A class and its number of images in each split." })
export class DatasetClass {
  @Field(() => Int, {
    description:
      "Position among the sorted class names, from 0. It is also the index of the network's output.",
  })
  index!: number;

  @Field(() => String, { description: "Name of the class, which was the name of the imported folder." })
  name!: string;

  @Field(() => Int, { description: "Number of images in the split TRAIN." })
  train!: number;

  @Field(() => Int, { description: "Number of images in the split VALIDATION." })
  validation!: number;

  @Field(() => Int, { description: "Number of images in the split TEST." })
  test!: number;
}

import { Field, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "A class of pictures, and how many of them each split has." })
export class DatasetClass {
  @Field(() => Int, { description: "Place in the sorted class names, from 0; also the network's output." })
  index!: number;

  @Field(() => String, { description: "Name of the folder that the pictures came from." })
  name!: string;

  @Field(() => Int, { description: "Pictures in the split TRAIN." })
  train!: number;

  @Field(() => Int, { description: "Pictures in the split VALIDATION." })
  validation!: number;

  @Field(() => Int, { description: "Pictures in the split TEST." })
  test!: number;
}

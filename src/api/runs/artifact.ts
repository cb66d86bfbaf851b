import { Field, ObjectType } from "type-graphql";
import { SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "A file that a run left for other tools: predictions of its best checkpoint for NumPy, and metrics, weights and " +
    "pictures for TensorBoard.",
})
export class Artifact {
  @Field(() => String, { description: 'Its file name, such as "predictions-validation.npy".' })
  name!: string;

  @Field(() => SafeInt, { description: "Size in bytes." })
  sizeBytes!: number;

  @Field(() => String, { description: "SHA-256 of its bytes, in hexadecimal." })
  sha256!: string;
}

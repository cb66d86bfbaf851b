import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { UserError } from "../../errors/user-error.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { DatasetVersion } from "../dataset-version.js";

@InputType({ description: "Where the pictures are: exactly one of the fields." })
export class ImportSourceInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "An upload (see `createUpload`) that holds a zip, tar or tar.gz with one folder of pictures per class.",
  })
  uploadId?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "A folder of the server's machine with one folder of pictures per class, below one of the roots " +
      "that the server was told to allow.",
  })
  folder?: string;
}

@InputType({ description: "How pictures are divided; what is neither validation nor test is for training." })
export class SplitInput {
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class kept for validation, in [0, 1); null means 0.15.",
  })
  validation!: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class kept for the test, in [0, 1); null means 0.15.",
  })
  test!: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "Draws the splits: the same seed and pictures give the same splits. Null means 0.",
  })
  seed!: number | null;
}

@InputType({ description: "Pictures to make the next version of a data set from." })
export class ImportDatasetInput {
  @Field(() => String, {
    description:
      "Name of the data set: made when new, otherwise this becomes its next version. Letters, digits, dots, " +
      "dashes and underscores, at most 63.",
  })
  dataset!: string;

  @Field(() => String, {
    nullable: true,
    description: "What the pictures show; null leaves the data set's description as it is.",
  })
  description?: string | null;

  @Field(() => ImportSourceInput, { description: "Where the pictures are." })
  source!: ImportSourceInput;

  @Field(() => SplitInput, { nullable: true, description: "How to divide them; null takes the defaults." })
  split?: SplitInput | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The version whose import began." })
export class ImportDatasetPayload {
  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The version, IMPORTING: follow it with `importEvents`. Null when no import began.",
  })
  datasetVersion!: DatasetVersion | null;

  @Field(() => [UserError], { description: "Why no import began; empty when it did." })
  userErrors!: readonly UserError[];
}

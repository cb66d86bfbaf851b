import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { DatasetVersionStatus } from "./dataset-version-status.js";

@ObjectType({
  implements: Node,
  description:
    "What a data set held at one import: classes, pictures and their splits. It never changes once READY.",
})
export class DatasetVersion {
  @Field(() => Int, { description: "Counts from 1 within its data set." })
  number!: number;

  @Field(() => DatasetVersionStatus, { description: "How far its import is." })
  status!: DatasetVersionStatus;

  @Field(() => String, {
    nullable: true,
    description:
      "SHA-256 of the manifest in hexadecimal. Versions with equal pictures, classes and splits have equal " +
      "hashes. Null until READY.",
  })
  hash!: string | null;

  @Field(() => Int, { description: "The number that the splits were drawn with." })
  splitSeed!: number;

  @Field(() => Int, { description: "How many pictures it holds, in all splits together." })
  sampleCount!: number;

  @Field(() => Int, { description: "How many files were set aside; see `quarantine`." })
  quarantinedCount!: number;

  @Field(() => DateTime, { description: "When its import began." })
  createdAt!: Date;
}

export const DatasetVersionConnection = connectionType(() => DatasetVersion, {
  name: "DatasetVersion",
  listed: "versions of a data set, newest first",
  counted: true,
});

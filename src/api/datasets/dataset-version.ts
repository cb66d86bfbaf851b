import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { DatasetVersionStatus } from "./dataset-version-status.js";

@ObjectType({
  implements: Node,
  description:
    "The result of one import into a dataset: classes, images and their splits. Immutable once READY.",
})
export class DatasetVersion {
  @Field(() => Int, { description: "Number of the version within its dataset, from 1." })
  number!: number;

  @Field(() => DatasetVersionStatus, { description: "Progress of the import." })
  status!: DatasetVersionStatus;

  @Field(() => String, {
    nullable: true,
    description:
      "SHA-256 of the manifest, in hexadecimal. Versions with equal images, classes and splits have equal " +
      "hashes. Null until READY.",
  })
  hash!: string | null;

  @Field(() => Int, { description: "Seed that assigned images to splits." })
  splitSeed!: number;

  @Field(() => Int, { description: "Number of images in all splits together." })
  sampleCount!: number;

  @Field(() => Int, { description: "Number of files that were not used; see `quarantine`." })
  quarantinedCount!: number;

  @Field(() => DateTime, { description: "When the import began." })
  createdAt!: Date;
}

export const DatasetVersionConnection = connectionType(() => DatasetVersion, {
  name: "DatasetVersion",
  listed: "versions of a dataset, newest first",
  counted: true,
});

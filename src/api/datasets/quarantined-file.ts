import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { QuarantineReason } from "./quarantine-reason.js";

@ObjectType({ description: "A file that an import did not use as an image." })
class QuarantinedFile {
  @Field(() => String, { description: "Path within the import source, with forward slashes." })
  sourceName!: string;

  @Field(() => QuarantineReason, { description: "The reason as a code." })
  reason!: QuarantineReason;

  @Field(() => String, { description: "The reason in words, with what was found in this file." })
  detail!: string;
}

export const QuarantinedFileConnection = connectionType(() => QuarantinedFile, {
  name: "QuarantinedFile",
  listed: "files that were not used, by source name",
  counted: true,
});

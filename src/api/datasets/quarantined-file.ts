import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { QuarantineReason } from "./quarantine-reason.js";

@ObjectType({ description: "A file that an import set aside instead of using it as a picture." })
export class QuarantinedFile {
  @Field(() => String, { description: "Its path in what was imported, with forward slashes." })
  sourceName!: string;

  @Field(() => QuarantineReason, { description: "Why, for programs." })
  reason!: QuarantineReason;

  @Field(() => String, { description: "Why, for people: what was found in this file." })
  detail!: string;
}

export const QuarantinedFileConnection = connectionType(() => QuarantinedFile, {
  name: "QuarantinedFile",
  listed: "files that were set aside, by source name",
  counted: true,
});

import { Field, ObjectType } from "type-graphql";
import type { ModelExportRecord } from "../../exports/jobs/export-records.js";
import { exportPath } from "../http/export-route.js";
import { SafeInt } from "../scalars.js";

@ObjectType({ description: "The file of an export." })
export class ExportedFile {
  @Field(() => String, { description: 'File name, such as "flowers-3-int8.tflite".' })
  name!: string;

  @Field(() => SafeInt, { description: "Size in bytes." })
  sizeBytes!: number;

  @Field(() => String, { description: "SHA-256 of the content, in hexadecimal." })
  sha256!: string;

  @Field(() => String, {
    description:
      "Path on this server from which the file is downloaded, with the same `Authorization` header. The content is " +
      "compared with its digest before it is sent. Ranges are supported.",
  })
  url!: string;
}

export function exportedFileOf({ id, fileName, sizeBytes, sha256 }: ModelExportRecord): ExportedFile | null {
  if (sizeBytes === null || sha256 === null) return null;
  return { name: fileName, sizeBytes, sha256, url: exportPath(id, fileName) };
}

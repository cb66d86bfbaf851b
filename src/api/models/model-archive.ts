import { Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import { archiveName, type ModelArchives } from "../../registry/model-archive.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import { modelArchivePath } from "../http/model-archive-route.js";
import { SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "The files of a model version as one tar: a TensorFlow SavedModel that computes in float32, and `espalier.json`, " +
    "which has the class names and says how images are fed.",
})
export class ModelArchive {
  @Field(() => String, {
    description: 'File name, such as "flowers-3.tar". The tar holds a folder "flowers-3".',
  })
  fileName!: string;

  @Field(() => String, {
    description:
      "Path on this server from which the file is downloaded, with the same `Authorization` header. The files are " +
      "compared with their registered digest before they are sent.",
  })
  url!: string;
}

/** A model version whose archive is asked for. */
export type ArchiveRecord = ModelArchive & { readonly version: ModelVersionRecord };

export function archiveOf(version: ModelVersionRecord): ArchiveRecord {
  return { version, fileName: archiveName(version), url: modelArchivePath(version.id) };
}

@Resolver(() => ModelArchive)
export class ModelArchiveResolver {
  constructor(private readonly archives: ModelArchives) {}

  @FieldResolver(() => SafeInt, {
    nullable: true,
    description: "Size in bytes; null, with the error MODEL_DAMAGED, when files are missing.",
  })
  sizeBytes(@Root() { version }: ArchiveRecord): Promise<number> {
    return this.archives.sizeBytes(version);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "SHA-256 of the file, in hexadecimal. It is computed from all bytes when it is first asked for, so ask for that " +
      "of few versions; the download has it in the header `Repr-Digest`. Null, with the error MODEL_DAMAGED, when " +
      "files have changed.",
  })
  sha256(@Root() { version }: ArchiveRecord): Promise<string> {
    return this.archives.sha256(version);
  }
}

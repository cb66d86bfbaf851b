import { Ctx, Field, FieldResolver, Int, InterfaceType, ObjectType, Resolver, Root } from "type-graphql";
import type { DatasetVersionRecord, ImportEvent as ImportEventRecord } from "../../core/dataset-records.js";
import type { RequestContext } from "../request-context.js";
import { DateTime } from "../scalars.js";
import { DatasetVersion } from "./dataset-version.js";

@InterfaceType({
  description: "An event of an import.",
  resolveType: (event: ImportEventRecord) => event.kind,
})
export abstract class ImportEvent {
  @Field(() => String, {
    description: "Position of the event. A subscription with `after` set to it continues after this event.",
  })
  cursor!: string;

  @Field(() => Int, {
    description:
      "Number of the durable event, from 1. Progress events carry the number of the durable event before " +
      "them.",
  })
  sequence!: number;

  @Field(() => DateTime, { description: "When the event happened." })
  at!: Date;
}

@ObjectType({
  implements: ImportEvent,
  description: "Progress of an import. Only the newest progress event is replayed.",
})
export class ImportProgress {
  @Field(() => Int, { description: "Number of files read so far, including those that were not used." })
  filesDone!: number;

  @Field(() => Int, {
    nullable: true,
    description: "Number of all files; null while an archive is still being read.",
  })
  filesTotal!: number | null;
}

@ObjectType({
  implements: ImportEvent,
  description: "The import ended: `datasetVersion` is READY or FAILED. Always the last event.",
})
export class ImportFinished {}

@Resolver(() => ImportEvent)
export class ImportEventResolver {
  @FieldResolver(() => DatasetVersion, { description: "The version being imported, in its current state." })
  datasetVersion(
    @Root() event: ImportEventRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(event.versionId);
  }
}

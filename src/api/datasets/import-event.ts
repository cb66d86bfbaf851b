import { Ctx, Field, FieldResolver, Int, InterfaceType, ObjectType, Resolver, Root } from "type-graphql";
import type { DatasetVersionRecord, ImportEvent as ImportEventRecord } from "../../core/dataset-records.js";
import type { RequestContext } from "../request-context.js";
import { DateTime } from "../scalars.js";
import { DatasetVersion } from "./dataset-version.js";

@InterfaceType({
  description: "Something that happened during an import.",
  resolveType: (event: ImportEventRecord) => event.kind,
})
export abstract class ImportEvent {
  @Field(() => String, { description: "Give it as `after` to go on behind this event." })
  cursor!: string;

  @Field(() => Int, {
    description:
      "Counts the durable events of the import; progress carries the number of the last one before it.",
  })
  sequence!: number;

  @Field(() => DateTime, { description: "When it happened." })
  at!: Date;
}

@ObjectType({ implements: ImportEvent, description: "How far an import is. Only the newest is replayed." })
export class ImportProgress {
  @Field(() => Int, { description: "Files read so far, those set aside included." })
  filesDone!: number;

  @Field(() => Int, {
    nullable: true,
    description: "Files there are; null while an archive is still being read and the number is not known.",
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
  @FieldResolver(() => DatasetVersion, { description: "The version that is being imported, as it is now." })
  datasetVersion(
    @Root() event: ImportEventRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(event.versionId);
  }
}

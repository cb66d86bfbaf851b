import { Ctx, Field, FieldResolver, Int, InterfaceType, ObjectType, Resolver, Root } from "type-graphql";
import type {
  ExportEvent as ExportEventRecord,
  ModelExportRecord,
} from "../../exports/jobs/export-records.js";
import type { RequestContext } from "../request-context.js";
import { DateTime } from "../scalars.js";
import { ExportPosition } from "./export-progress.js";
import { ModelExport } from "./model-export.js";

@InterfaceType({
  description: "An event of an export.",
  resolveType: (event: ExportEventRecord) => event.kind,
})
export abstract class ExportEvent {
  @Field(() => String, {
    description: "Position of the event. A subscription with `after` set to it continues after this event.",
  })
  cursor!: string;

  @Field(() => Int, {
    description:
      "Number of the durable event, from 1. Progress events carry the number of the durable event before them.",
  })
  sequence!: number;

  @Field(() => DateTime, { description: "When the event happened." })
  at!: Date;
}

@ObjectType({
  implements: [ExportEvent, ExportPosition],
  description: "Progress of an export. Only the newest progress event is replayed.",
})
export class ExportProgress {}

@ObjectType({
  implements: ExportEvent,
  description:
    "The export ended: `modelExport` is READY, REJECTED, FAILED or CANCELLED. Always the last event.",
})
export class ExportFinished {}

@Resolver(() => ExportEvent)
export class ExportEventResolver {
  @FieldResolver(() => ModelExport, { description: "The export in its current state." })
  modelExport(
    @Root() { exportId }: ExportEventRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelExportRecord> {
    return loaders.modelExport.load(exportId);
  }
}

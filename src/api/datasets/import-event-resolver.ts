import { Arg, Authorized, Ctx, FieldResolver, ID, Resolver, Root, Subscription } from "type-graphql";
import type { DatasetVersionRecord, ImportEvent as ImportEventRecord } from "../../core/dataset-records.js";
import type { Role } from "../../core/enumerations.js";
import type { RequestContext } from "../request-context.js";
import { DatasetVersion } from "./dataset-version.js";
import { ImportEvent } from "./import-event.js";

interface ImportEventsArguments {
  readonly datasetVersionId: string;
  readonly after?: string | null;
}

@Resolver(() => ImportEvent)
export class ImportEventResolver {
  @Authorized<Role>("VIEWER")
  @Subscription(() => ImportEvent, {
    description:
      "Everything that happens during an import: first what happened after the cursor, then what happens " +
      "from now on. Ends with the import.",
    subscribe: ({ args, context }: { args: ImportEventsArguments; context: RequestContext }) =>
      context.events.ofImport(args.datasetVersionId, args.after ?? null),
  })
  importEvents(
    @Root() event: ImportEventRecord,
    @Arg("datasetVersionId", () => ID, { description: "Id of the version that is being imported." })
    _datasetVersionId: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "Cursor of the last event that was seen; null starts at the beginning.",
    })
    _after: string | null | undefined,
  ): ImportEventRecord {
    return event;
  }

  @FieldResolver(() => DatasetVersion, { description: "The version that is being imported, as it is now." })
  datasetVersion(
    @Root() event: ImportEventRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(event.versionId);
  }
}

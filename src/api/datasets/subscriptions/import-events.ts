import { Arg, Authorized, ID, Resolver, Root, Subscription } from "type-graphql";
import type { ImportEvent as ImportEventRecord } from "../../../core/dataset-records.js";
import type { Role } from "../../../core/enumerations.js";
import type { RequestContext } from "../../request-context.js";
import { ImportEvent } from "../import-event.js";

interface ImportEventsArguments {
  readonly datasetVersionId: string;
  readonly after?: string | null;
}

@Resolver()
export class ImportEventsResolver {
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
}

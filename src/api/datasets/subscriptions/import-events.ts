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
      "Events of an import: first those after the cursor, then new ones as they happen. Completes when " +
      "the import ends.",
    subscribe: ({ args, context }: { args: ImportEventsArguments; context: RequestContext }) =>
      context.events.ofImport(args.datasetVersionId, args.after ?? null),
  })
  importEvents(
    @Root() event: ImportEventRecord,
    @Arg("datasetVersionId", () => ID, { description: "Id of the version being imported." })
    _datasetVersionId: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "Cursor of the last event received; null starts at the beginning.",
    })
    _after: string | null | undefined,
  ): ImportEventRecord {
    return event;
  }
}

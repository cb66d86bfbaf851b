import { Arg, Authorized, ID, Resolver, Root, Subscription } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ExportEvent as ExportEventRecord } from "../../../exports/jobs/export-records.js";
import type { RequestContext } from "../../request-context.js";
import { ExportEvent } from "../export-event.js";

interface ExportEventsArguments {
  readonly exportId: string;
  readonly after?: string | null;
}

@Resolver()
export class ExportEventsResolver {
  @Authorized<Role>("VIEWER")
  @Subscription(() => ExportEvent, {
    description:
      "Events of an export: first those after the cursor, then new ones as they happen. Completes when the export ends.",
    subscribe: ({ args, context }: { args: ExportEventsArguments; context: RequestContext }) =>
      context.events.ofExport(args.exportId, args.after ?? null),
  })
  exportEvents(
    @Root() event: ExportEventRecord,
    @Arg("exportId", () => ID, { description: "Id of the export." }) _exportId: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "Cursor of the last event received; null starts at the beginning.",
    })
    _after: string | null | undefined,
  ): ExportEventRecord {
    return event;
  }
}

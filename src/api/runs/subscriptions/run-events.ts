import { Arg, Authorized, ID, Resolver, Root, Subscription } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunEvent as RunEventRecord } from "../../../core/runs/events.js";
import type { RequestContext } from "../../request-context.js";
import { RunEvent } from "../run-event.js";

interface RunEventsArguments {
  readonly runId: string;
  readonly after?: string | null;
}

@Resolver()
export class RunEventsResolver {
  @Authorized<Role>("VIEWER")
  @Subscription(() => RunEvent, {
    description:
      "Events of a run: first those after the cursor, each once and in order, then new ones as they " +
      "happen. Completes when the run ends.",
    subscribe: ({ args, context }: { args: RunEventsArguments; context: RequestContext }) =>
      context.events.ofRun(args.runId, args.after ?? null),
  })
  runEvents(
    @Root() event: RunEventRecord,
    @Arg("runId", () => ID, { description: "Id of the run." }) _runId: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "Cursor of the last event received; null starts at the beginning.",
    })
    _after: string | null | undefined,
  ): RunEventRecord {
    return event;
  }
}

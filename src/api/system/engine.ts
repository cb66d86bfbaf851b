import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { RunRecord } from "../../training/record/run-records.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { EngineStatus } from "./engine-status.js";

@ObjectType({ description: "The engine that trains, inside the server's own process." })
export class Engine {
  @Field(() => EngineStatus, { description: "What it is doing." })
  status!: EngineStatus;

  @Field(() => Int, { description: "Threads that one operation of TensorFlow uses; results depend on it." })
  threads!: number;
}

/** What a resolver of Engine gets; the run is looked up only when asked for. */
export interface EngineSource {
  readonly status: EngineStatus;
  readonly threads: number;
  readonly currentRunId: string | null;
}

@Resolver(() => Engine)
export class EngineResolver {
  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run that it prepares or trains; null when it waits.",
  })
  async currentRun(
    @Root() engine: EngineSource,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return engine.currentRunId === null ? null : loaders.runOrNull.load(engine.currentRunId);
  }
}

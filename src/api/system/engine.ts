import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { RunRecord } from "../../training/record/run-records.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { EngineStatus } from "./engine-status.js";

@ObjectType({ description: "The engine that trains runs inside the server's process." })
export class Engine {
  @Field(() => EngineStatus, { description: "Current state." })
  status!: EngineStatus;

  @Field(() => Int, { description: "Number of threads for one TensorFlow op. Results depend on it." })
  threads!: number;
}

/** Source of the type Engine. The run is read only when it is selected. */
export interface EngineSource {
  readonly status: EngineStatus;
  readonly threads: number;
  readonly currentRunId: string | null;
}

@Resolver(() => Engine)
export class EngineResolver {
  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run being prepared or trained; null when there is none.",
  })
  async currentRun(
    @Root() engine: EngineSource,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return engine.currentRunId === null ? null : loaders.runOrNull.load(engine.currentRunId);
  }
}

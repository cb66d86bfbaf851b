import { Authorized, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { Limits } from "../../core/config.js";
import type { EngineStatus, Role } from "../../core/enumerations.js";
import type { EngineInfo } from "../../engine/engine-protocol.js";
import type { PrecisionChooser } from "../../training/attempt/precision-chooser.js";
import type { RunRecord } from "../../training/record/run-records.js";
import type { TrainingActivity } from "../api-services.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { Engine } from "./engine.js";
import { PrecisionMeasurement } from "./precision-measurement.js";
import { System } from "./system.js";

/** What a resolver of Engine gets; the run is looked up only when asked for. */
export interface EngineSource {
  readonly status: EngineStatus;
  readonly threads: number;
  readonly currentRunId: string | null;
}

@Resolver(() => System)
export class SystemResolver {
  constructor(
    private readonly version: string,
    private readonly engineInfo: EngineInfo,
    private readonly activity: TrainingActivity,
    private readonly limits: Limits,
    private readonly precisions: PrecisionChooser,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => System, { description: "What this server is made of, and what it is doing." })
  system(): System {
    const { currentRunId } = this.activity;
    const { tensorflowVersion, devices, threads } = this.engineInfo;
    const engine: EngineSource = {
      status: currentRunId === null ? "READY" : "TRAINING",
      threads,
      currentRunId,
    };
    return { version: this.version, tensorflowVersion, devices, engine, limits: this.limits };
  }

  @FieldResolver(() => [PrecisionMeasurement], {
    description: "What the precision AUTO decides by; empty until a run has asked for it on this machine.",
  })
  precisionMeasurements(): Promise<readonly PrecisionMeasurement[]> {
    return this.precisions.measurements(this.engineInfo);
  }
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

import { Authorized, Query, Resolver } from "type-graphql";
import type { Limits } from "../../../core/config.js";
import type { Role } from "../../../core/enumerations.js";
import type { EngineInfo } from "../../../engine/engine-protocol.js";
import type { TrainingActivity } from "../../api-services.js";
import type { EngineSource } from "../engine.js";
import { System } from "../system.js";

@Resolver()
export class SystemQueryResolver {
  constructor(
    private readonly version: string,
    private readonly engineInfo: EngineInfo,
    private readonly activity: TrainingActivity,
    private readonly limits: Limits,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => System, { description: "Versions, devices, state and limits of this server." })
  system(): System {
    const { currentRunId, engineStatus } = this.activity;
    const { tensorflowVersion, devices, threads } = this.engineInfo;
    const engine: EngineSource = {
      status: engineStatus,
      threads,
      currentRunId,
    };
    return { version: this.version, tensorflowVersion, devices, engine, limits: this.limits };
  }
}

import { Field, FieldResolver, Int, ObjectType, Resolver } from "type-graphql";
import type { EngineInfo } from "../../engine/engine-protocol.js";
import type { PrecisionChooser } from "../../training/attempt/precision-chooser.js";
import { SafeInt } from "../scalars.js";
import { DeviceKind } from "./device-kind.js";
import { Engine } from "./engine.js";
import { PrecisionMeasurement } from "./precision-measurement.js";

@ObjectType({ description: "A processor that TensorFlow found." })
export class Device {
  @Field(() => String, { description: "Its model." })
  name!: string;

  @Field(() => DeviceKind, { description: "What kind of processor it is." })
  kind!: DeviceKind;

  @Field(() => SafeInt, {
    nullable: true,
    description: "Its memory in bytes; null when the driver does not say.",
  })
  memoryBytes!: number | null;

  @Field(() => [String], {
    description: 'Instructions that matter to a network\'s speed, such as "avx512_bf16"; empty for a GPU.',
  })
  instructionSets!: readonly string[];
}

@ObjectType("Limits", { description: "What one request may ask for at most." })
export class SystemLimits {
  @Field(() => SafeInt, { description: "Bytes of one upload." })
  uploadBytes!: number;

  @Field(() => SafeInt, { description: "Pixels of one picture, its width times its height." })
  imagePixels!: number;

  @Field(() => Int, { description: "How deeply the fields of an operation may be nested." })
  queryDepth!: number;

  @Field(() => Int, {
    description:
      "What an operation may cost: 1 for each field, times `first` within a connection, times 10 within other lists.",
  })
  queryCost!: number;
}

@ObjectType({ description: "What this server is made of." })
export class System {
  @Field(() => String, { description: "Version of this product." })
  version!: string;

  @Field(() => String, { description: "Version of the TensorFlow library that was found." })
  tensorflowVersion!: string;

  @Field(() => [Device], {
    description: "The processors that TensorFlow found; without a GPU it trains on the CPU.",
  })
  devices!: readonly Device[];

  @Field(() => Engine, { description: "The engine that trains." })
  engine!: Engine;

  @Field(() => SystemLimits, { description: "What one request may ask for at most." })
  limits!: SystemLimits;
}

@Resolver(() => System)
export class SystemResolver {
  constructor(
    private readonly engineInfo: EngineInfo,
    private readonly precisions: PrecisionChooser,
  ) {}

  @FieldResolver(() => [PrecisionMeasurement], {
    description: "What the precision AUTO decides by; empty until a run has asked for it on this machine.",
  })
  precisionMeasurements(): Promise<readonly PrecisionMeasurement[]> {
    return this.precisions.measurements(this.engineInfo);
  }
}

import { Field, FieldResolver, Int, ObjectType, Resolver } from "type-graphql";
import type { EngineInfo } from "../../engine/engine-protocol.js";
import type { PrecisionChooser } from "../../training/attempt/precision-chooser.js";
import { SafeInt } from "../scalars.js";
import { DeviceKind } from "./device-kind.js";
import { Engine } from "./engine.js";
import { PrecisionMeasurement } from "./precision-measurement.js";

@ObjectType({ description: "A processor that TensorFlow found." })
export class Device {
  @Field(() => String, { description: "Model of the processor." })
  name!: string;

  @Field(() => DeviceKind, { description: "Kind of the processor." })
  kind!: DeviceKind;

  @Field(() => SafeInt, {
    nullable: true,
    description: "Size of its memory in bytes; null when the driver does not report it.",
  })
  memoryBytes!: number | null;

  @Field(() => [String], {
    description: 'Instruction sets that speed up networks, such as "avx512_bf16"; empty for a GPU.',
  })
  instructionSets!: readonly string[];
}

@ObjectType("Limits", { description: "Limits of one request." })
export class SystemLimits {
  @Field(() => SafeInt, { description: "Maximum size of an upload, in bytes." })
  uploadBytes!: number;

  @Field(() => SafeInt, { description: "Maximum number of pixels of an image, its width times its height." })
  imagePixels!: number;

  @Field(() => Int, { description: "Maximum nesting depth of the fields of an operation." })
  queryDepth!: number;

  @Field(() => Int, {
    description:
      "Maximum cost of an operation: 1 per field, multiplied by the page size within a connection and by " +
      "10 within other lists.",
  })
  queryCost!: number;
}

@ObjectType({ description: "This server." })
export class System {
  @Field(() => String, { description: "Version of this product." })
  version!: string;

  @Field(() => String, { description: "Version of the TensorFlow library in use." })
  tensorflowVersion!: string;

  @Field(() => [Device], {
    description: "Processors that TensorFlow found. Without a GPU, training uses the CPU.",
  })
  devices!: readonly Device[];

  @Field(() => Engine, { description: "The engine that trains runs." })
  engine!: Engine;

  @Field(() => SystemLimits, { description: "Limits of one request." })
  limits!: SystemLimits;
}

@Resolver(() => System)
export class SystemResolver {
  constructor(
    private readonly engineInfo: EngineInfo,
    private readonly precisions: PrecisionChooser,
  ) {}

  @FieldResolver(() => [PrecisionMeasurement], {
    description: "Measurements for the precision AUTO; empty until a run has used it on this machine.",
  })
  precisionMeasurements(): Promise<readonly PrecisionMeasurement[]> {
    return this.precisions.measurements(this.engineInfo);
  }
}

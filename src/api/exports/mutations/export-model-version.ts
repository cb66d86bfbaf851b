import { Arg, Authorized, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelExportRecord } from "../../../exports/jobs/export-records.js";
import { CALIBRATION_IMAGES, PROOF_IMAGES } from "../../../exports/jobs/export-request.js";
import type { ModelExporter } from "../../../exports/jobs/model-exporter.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { ExportBoundsInput } from "../export-bounds.js";
import { ExportFormat, ExportPrecision } from "../export-format.js";
import { ModelExport } from "../model-export.js";

@InputType({ description: "The model version to export, and how." })
export class ExportModelVersionInput {
  @Field(() => String, {
    description: 'The version: "flowers" (the latest one of a model), "flowers:3" or "flowers@champion".',
  })
  modelVersion!: string;

  @Field(() => ExportFormat, { description: "Format of the file." })
  format!: ExportFormat;

  @Field(() => ExportPrecision, {
    nullable: true,
    defaultValue: ExportPrecision.FLOAT32,
    description:
      "Number format of the weights; null means FLOAT32. All formats have FLOAT32, TFLITE and ONNX have all.",
  })
  precision?: ExportPrecision | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Maximum number of images of the training split on which the ranges of activations are measured, from 1 to " +
      `${CALIBRATION_IMAGES.max}. For INT8 alone. Null means ${CALIBRATION_IMAGES.default}.`,
  })
  calibrationImages?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Maximum number of images on which the file is compared with the model version, from 1 to " +
      `${PROOF_IMAGES.max}. They are of the test split, or of the validation split if there is none; which ones depends on ` +
      `the dataset version alone. Null means ${PROOF_IMAGES.default}.`,
  })
  proofImages?: number | null;

  @Field(() => ExportBoundsInput, {
    nullable: true,
    description: "The differences that the file may have; null means the defaults of the precision.",
  })
  bounds?: ExportBoundsInput | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The export that began." })
export class ExportModelVersionPayload {
  @Field(() => ModelExport, {
    nullable: true,
    description: "The export, QUEUED at first; follow it with `exportEvents`. Null when none began.",
  })
  modelExport!: ModelExportRecord | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no export began; empty on success.", [
      "MODEL_VERSION_NOT_FOUND",
      "EXPORT_UNSUPPORTED",
      "EXPORT_SETTING_INVALID",
      "IDEMPOTENCY_KEY_INVALID",
      "IDEMPOTENCY_KEY_REUSED",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class ExportModelVersionResolver {
  constructor(private readonly exporter: ModelExporter) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => ExportModelVersionPayload, {
    description:
      "Starts making a file from a model version in the background, and comparing it with the version in the format's " +
      "official runtime. A server carries out one export at a time. Needs the role EDITOR.",
  })
  exportModelVersion(
    @Arg("input", () => ExportModelVersionInput, { description: "The version, the format and the bounds." })
    input: ExportModelVersionInput,
  ): Promise<ExportModelVersionPayload> {
    return withUserErrors<Pick<ExportModelVersionPayload, "modelExport">>(
      { modelExport: null },
      async () => ({
        modelExport: await this.exporter.start({
          modelVersion: input.modelVersion,
          format: input.format,
          precision: input.precision ?? ExportPrecision.FLOAT32,
          calibrationImages: input.calibrationImages ?? null,
          proofImages: input.proofImages ?? null,
          bounds: boundsOf(input.bounds),
          idempotencyKey: input.idempotencyKey ?? null,
        }),
      }),
    );
  }
}

function boundsOf(bounds: ExportBoundsInput | null | undefined) {
  return {
    maximumProbabilityDifference: bounds?.maximumProbabilityDifference ?? null,
    minimumTop1Agreement: bounds?.minimumTop1Agreement ?? null,
    maximumAccuracyLoss: bounds?.maximumAccuracyLoss ?? null,
  };
}

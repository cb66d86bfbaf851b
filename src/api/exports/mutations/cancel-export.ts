import { Arg, Authorized, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { ModelExportRecord } from "../../../exports/jobs/export-records.js";
import type { ModelExporter } from "../../../exports/jobs/model-exporter.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { ModelExport } from "../model-export.js";

@InputType({ description: "The export to cancel." })
export class CancelExportInput {
  @Field(() => ID, { description: "Id of the export." })
  exportId!: string;
}

@ObjectType({ description: "The cancelled export." })
export class CancelExportPayload {
  @Field(() => ModelExport, { nullable: true, description: "The export; null when nothing was changed." })
  modelExport!: ModelExportRecord | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why nothing was changed; empty on success.", [
      "EXPORT_NOT_FOUND",
      "EXPORT_ALREADY_ENDED",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class CancelExportResolver {
  constructor(private readonly exporter: ModelExporter) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => CancelExportPayload, {
    description:
      "Cancels an export that is QUEUED or RUNNING, at once. Its files are removed. Needs the role EDITOR.",
  })
  cancelExport(
    @Arg("input", () => CancelExportInput, { description: "The export to cancel." })
    { exportId }: CancelExportInput,
  ): Promise<CancelExportPayload> {
    return withUserErrors<Pick<CancelExportPayload, "modelExport">>({ modelExport: null }, async () => ({
      modelExport: await this.exporter.cancel(exportId),
    }));
  }
}

import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { UsageExample } from "../../exports/formats/format.js";
import { formatOf } from "../../exports/formats/registry.js";
import type { ModelExportRecord } from "../../exports/jobs/export-records.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import { UserError } from "../errors/user-error.js";
import { ModelVersion } from "../models/model-version.js";
import type { RequestContext } from "../request-context.js";
import { ExportProof, proofOf } from "./export-proof.js";
import { ExportUsage } from "./export-usage.js";
import { ExportedFile, exportedFileOf } from "./exported-file.js";
import { ModelExport } from "./model-export.js";

@Resolver(() => ModelExport)
export class ModelExportResolver {
  @FieldResolver(() => ModelVersion, { description: "The version that the file is made from." })
  modelVersion(
    @Root() { modelVersionId }: ModelExportRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelVersionRecord> {
    return loaders.modelVersion.load(modelVersionId);
  }

  @FieldResolver(() => UserError, {
    nullable: true,
    description: "Why no file could be made; null unless the state is FAILED.",
  })
  failure(@Root() { failureCode, failureMessage }: ModelExportRecord): UserError | null {
    if (failureCode === null) return null;
    return { code: failureCode, message: failureMessage ?? "", path: [] };
  }

  @FieldResolver(() => ExportedFile, {
    nullable: true,
    description: "The file; null unless READY or REJECTED.",
  })
  file(@Root() record: ModelExportRecord): ExportedFile | null {
    return exportedFileOf(record);
  }

  @FieldResolver(() => ExportProof, {
    nullable: true,
    description: "The comparison with the model version; null unless READY or REJECTED.",
  })
  proof(@Root() record: ModelExportRecord): ExportProof | null {
    return proofOf(record);
  }

  @FieldResolver(() => [ExportUsage], {
    description: "A short program for each runtime that classifies one image with the file.",
  })
  async usage(
    @Root() { modelVersionId, format, precision, fileName }: ModelExportRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly UsageExample[]> {
    const { imageSizePixels, classNames } = await loaders.modelVersion.load(modelVersionId);
    return formatOf(format).usage({ fileName, precision, imageSizePixels, classNames });
  }
}

import { Field, Float, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { ExportBounds } from "./export-bounds.js";
import { ExportFormat, ExportPrecision } from "./export-format.js";
import { ModelExportProgress } from "./export-progress.js";
import { ExportState } from "./export-state.js";

@ObjectType({
  implements: Node,
  description:
    "A file made from a model version for other programs. It takes images as bytes and answers with probabilities: the " +
    "preprocessing, the labels and its origin are inside. It never changes after it has ended.",
})
export class ModelExport {
  @Field(() => ExportFormat, { description: "Format of the file." })
  format!: ExportFormat;

  @Field(() => ExportPrecision, { description: "Number format of the weights." })
  precision!: ExportPrecision;

  @Field(() => ExportState, { description: "Where the export is on its way." })
  state!: ExportState;

  @Field(() => ModelExportProgress, {
    nullable: true,
    description: "How far it has come; null unless RUNNING.",
  })
  progress!: ModelExportProgress | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Maximum number of training images on which the ranges of activations are measured; null unless the precision is INT8.",
  })
  calibrationImages!: number | null;

  @Field(() => Int, { description: "Maximum number of images of the proof." })
  proofImages!: number;

  @Field(() => ExportBounds, { description: "The bounds that the proof is compared with." })
  bounds!: ExportBounds;

  @Field(() => [String], {
    description: "A sentence for each bound that the proof is outside of; empty unless REJECTED.",
  })
  rejectionReasons!: readonly string[];

  @Field(() => Float, {
    nullable: true,
    description:
      "Time for reading the weights, calibrating and writing the file, in seconds; null unless READY or REJECTED.",
  })
  writingSeconds!: number | null;

  @Field(() => Int, {
    description: "How often the work began: more than once if the server was stopped meanwhile.",
  })
  attempts!: number;

  @Field(() => DateTime, { description: "When the export was asked for." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When the work first began; null before." })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When the export ended; null before." })
  finishedAt!: Date | null;
}

export const ModelExportConnection = connectionType(() => ModelExport, {
  name: "ModelExport",
  listed: "exports of a model version, newest first",
  counted: true,
});

import { Field, Int, InterfaceType, ObjectType, registerEnumType } from "type-graphql";
import type { ExportStage as Stage } from "../../exports/attempt/job.js";

const ExportStage = {
  CALIBRATING: "CALIBRATING",
  WRITING: "WRITING",
  PROVING: "PROVING",
} as const satisfies { readonly [Word in Stage]: Word };

registerEnumType(ExportStage, {
  name: "ExportStage",
  description: "A part of an export, in their order.",
  valuesConfig: {
    CALIBRATING: {
      description: "The ranges of activations are measured on training images. For INT8 alone.",
    },
    WRITING: { description: "The file is written." },
    PROVING: { description: "The file classifies images in its official runtime." },
  },
});

@InterfaceType({ description: "How far an export has come." })
export abstract class ExportPosition {
  @Field(() => ExportStage, { description: "The part that is being carried out." })
  stage!: Stage;

  @Field(() => Int, { description: "Number of images that the stage has finished." })
  imagesDone!: number;

  @Field(() => Int, { description: "Number of images of the stage; 0 for WRITING, which has none." })
  imagesTotal!: number;
}

@ObjectType({ implements: ExportPosition, description: "How far an export has come." })
export class ModelExportProgress {}

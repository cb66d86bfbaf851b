import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import type { ModelExportRecord } from "../../exports/jobs/export-records.js";
import type { ExportProof as Proof } from "../../exports/proof.js";
import { Split } from "../datasets/split.js";
import { SafeInt } from "../scalars.js";

const ExportProofStatus = {
  PROVEN: "PROVEN",
  NOT_PROVEN: "NOT_PROVEN",
} as const satisfies { readonly [Word in Proof["status"]]: Word };

registerEnumType(ExportProofStatus, {
  name: "ExportProofStatus",
  description: "Whether an exported file was compared with the model version that it was made from.",
  valuesConfig: {
    PROVEN: { description: "The file classified images in its official runtime; the figures are measured." },
    NOT_PROVEN: { description: "The file was not run; `reason` says why. There are no figures." },
  },
});

@ObjectType({
  description:
    "How an exported file compares with the model version that it was made from. Both classified the same images: the " +
    "file in the official runtime of its format, the version in Espalier's own engine in float32. Figures are null " +
    "unless the status is PROVEN.",
})
export class ExportProof {
  @Field(() => ExportProofStatus, { description: "Whether the file was compared." })
  status!: Proof["status"];

  @Field(() => String, { nullable: true, description: "Why the file was not compared; null when it was." })
  reason!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The official runtime, such as "ONNX Runtime"; null unless PROVEN.',
  })
  runtime!: string | null;

  @Field(() => String, { nullable: true, description: "Version of the runtime; null unless PROVEN." })
  runtimeVersion!: string | null;

  @Field(() => Split, {
    nullable: true,
    description:
      "The split of the images: TEST, or VALIDATION if the dataset version has no test images; null unless PROVEN.",
  })
  split!: Split | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of images that both classified; null unless PROVEN.",
  })
  imageCount!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Maximum difference of a probability, over all images and classes; null unless PROVEN.",
  })
  maximumProbabilityDifference!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Maximum difference of a logit. Null also where the file does not give logits.",
  })
  maximumLogitDifference!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Fraction of the images for which both have the same most probable class; null unless PROVEN.",
  })
  top1Agreement!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Fraction of the images that the file classifies correctly; null unless PROVEN.",
  })
  accuracy!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Fraction of the images that the model version classifies correctly; null unless PROVEN.",
  })
  originalAccuracy!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: "Size of the file in bytes; null unless it is complete.",
  })
  fileSizeBytes!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Median time of one image in the official runtime, in milliseconds, measured on this server; null unless PROVEN.",
  })
  millisecondsPerImage!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Median time of one image in Espalier's own engine, in milliseconds, measured in turn with the other; null unless PROVEN.",
  })
  originalMillisecondsPerImage!: number | null;
}

export function proofOf({ proof, sizeBytes }: ModelExportRecord): ExportProof | null {
  if (proof === null) return null;
  if (proof.status === "PROVEN") return { ...proof, reason: null, fileSizeBytes: sizeBytes };
  return {
    status: proof.status,
    reason: proof.reason,
    runtime: null,
    runtimeVersion: null,
    split: null,
    imageCount: null,
    maximumProbabilityDifference: null,
    maximumLogitDifference: null,
    top1Agreement: null,
    accuracy: null,
    originalAccuracy: null,
    fileSizeBytes: sizeBytes,
    millisecondsPerImage: null,
    originalMillisecondsPerImage: null,
  };
}

-- CreateTable
CREATE TABLE "evaluation" (
    "run_id" TEXT NOT NULL,
    "split" "split" NOT NULL,
    "epoch" INTEGER NOT NULL,
    "sample_count" INTEGER NOT NULL,
    "loss" DOUBLE PRECISION NOT NULL,
    "top1" DOUBLE PRECISION NOT NULL,
    "top5" DOUBLE PRECISION NOT NULL,
    "expected_calibration_error" DOUBLE PRECISION NOT NULL,
    "confusion" INTEGER[],
    "predictions_sha256" TEXT NOT NULL,

    CONSTRAINT "evaluation_pkey" PRIMARY KEY ("run_id","split")
);

-- CreateTable
CREATE TABLE "artifact" (
    "run_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "file" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artifact_pkey" PRIMARY KEY ("run_id","name")
);

-- AddForeignKey
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A run from before these settings existed was trained as these say.
UPDATE "run" SET
    "configuration" = '{
        "accumulationSteps": 1,
        "initialization": {"kind": "random"},
        "frozenBlocks": 0,
        "augmentation": {
            "horizontalFlip": false, "verticalFlip": false, "rotationDegrees": 0, "widthShift": 0,
            "heightShift": 0, "zoom": 0, "brightness": 0, "contrast": 0, "fillMode": "REFLECT"
        },
        "weightDecay": 0,
        "gradientClipNorm": null,
        "labelSmoothing": 0,
        "classWeights": null
    }'::jsonb || "configuration",
    "environment" = jsonb_build_object(
        'precisionMeasurements', '[]'::jsonb, 'partSize', "configuration" -> 'batchSize'
    ) || "environment";

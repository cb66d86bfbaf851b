-- Evaluations name the checkpoint that was evaluated, and have an id by which model versions name them.
ALTER TABLE "evaluation" DROP CONSTRAINT "evaluation_pkey",
ADD COLUMN     "checkpoint_sha256" TEXT,
ADD COLUMN     "held_until" TIMESTAMPTZ(3),
ADD COLUMN     "id" SERIAL NOT NULL,
ADD CONSTRAINT "evaluation_pkey" PRIMARY KEY ("id");

UPDATE "evaluation" e SET "checkpoint_sha256" = c."sha256"
FROM "checkpoint" c WHERE c."run_id" = e."run_id" AND c."best" AND c."epoch" = e."epoch";

-- CreateIndex
CREATE UNIQUE INDEX "evaluation_run_id_split_checkpoint_sha256_key" ON "evaluation"("run_id", "split", "checkpoint_sha256");

-- AlterTable
ALTER TABLE "model_version" ADD COLUMN     "checkpoint_sha256" TEXT,
ADD COLUMN     "configuration" JSONB,
ADD COLUMN     "input_contract" JSONB,
ADD COLUMN     "metrics" JSONB,
ADD COLUMN     "test_evaluation_id" INTEGER,
ADD COLUMN     "validation_evaluation_id" INTEGER;

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_validation_evaluation_id_fkey" FOREIGN KEY ("validation_evaluation_id") REFERENCES "evaluation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_test_evaluation_id_fkey" FOREIGN KEY ("test_evaluation_id") REFERENCES "evaluation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Versions that exist get what the database still proves about their epoch. All of them take images in the same way but
-- for size and preprocessing, which no run changes. The configuration of a run changes only when it is extended.
UPDATE "model_version" v SET
    "input_contract" = jsonb_build_object(
        'signature', 'serving_default',
        'input', jsonb_build_object(
            'name', 'images', 'dtype', 'uint8',
            'shape', jsonb_build_array(NULL, v."image_size_pixels", v."image_size_pixels", 3)
        ),
        'imageSizePixels', v."image_size_pixels",
        'channelOrder', 'RGB',
        'valueRange', '[0, 255]'::jsonb,
        'preprocessing', r."configuration" -> 'preprocessing',
        'decoding', '{
            "appliesOrientation": true, "colorSpace": "sRGB", "background": "#ffffff", "resize": "STRETCH",
            "filter": "LANCZOS3"
        }'::jsonb,
        'outputs', (
            SELECT jsonb_object_agg(output, jsonb_build_object(
                'name', output, 'dtype', 'float32', 'shape', jsonb_build_array(NULL, cardinality(v."class_names"))
            ))
            FROM unnest(ARRAY['probabilities', 'logits']) AS output
        )
    ),
    "configuration" = CASE WHEN NOT EXISTS (
        SELECT FROM "run_event" e
        WHERE e."run_id" = v."run_id" AND e."kind" = 'RunStateChanged' AND e."at" >= v."created_at"
            AND e."body" ->> 'detail' LIKE 'Extended after epoch %'
    ) THEN r."configuration" END,
    "checkpoint_sha256" = (
        SELECT c."sha256" FROM "checkpoint" c
        WHERE c."run_id" = v."run_id" AND c."epoch" = v."epoch" AND c."position" IS NULL
    ),
    "metrics" = (SELECT e."metrics" FROM "epoch" e WHERE e."run_id" = v."run_id" AND e."number" = v."epoch"),
    "validation_evaluation_id" = (
        SELECT e."id" FROM "evaluation" e
        WHERE e."run_id" = v."run_id" AND e."epoch" = v."epoch" AND e."split" = 'VALIDATION'
    ),
    "test_evaluation_id" = (
        SELECT e."id" FROM "evaluation" e
        WHERE e."run_id" = v."run_id" AND e."epoch" = v."epoch" AND e."split" = 'TEST'
    )
FROM "run" r WHERE r."id" = v."run_id";

-- AlterTable
ALTER TABLE "model_version" ALTER COLUMN "input_contract" SET NOT NULL;

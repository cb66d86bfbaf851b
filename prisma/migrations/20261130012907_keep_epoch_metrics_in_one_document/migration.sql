-- The metrics of an epoch move from eight columns into one document, so that a new metric needs no column. JSON has no
-- NaN and no infinities: to_jsonb writes them as text, as the program does.
ALTER TABLE "epoch" ADD COLUMN "metrics" JSONB;

UPDATE "epoch" SET "metrics" = jsonb_build_object(
  'trainLoss', to_jsonb("train_loss"), 'trainTop1', to_jsonb("train_top1"), 'trainTop5', to_jsonb("train_top5"),
  'validationLoss', to_jsonb("validation_loss"), 'validationTop1', to_jsonb("validation_top1"),
  'validationTop5', to_jsonb("validation_top5"), 'learningRate', to_jsonb("learning_rate"),
  'imagesPerSecond', to_jsonb("images_per_second")
);

-- AlterTable
ALTER TABLE "epoch" DROP COLUMN "images_per_second",
DROP COLUMN "learning_rate",
DROP COLUMN "train_loss",
DROP COLUMN "train_top1",
DROP COLUMN "train_top5",
DROP COLUMN "validation_loss",
DROP COLUMN "validation_top1",
DROP COLUMN "validation_top5",
ALTER COLUMN "metrics" SET NOT NULL;

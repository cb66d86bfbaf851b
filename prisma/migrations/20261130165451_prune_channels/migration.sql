-- AlterTable
ALTER TABLE "run" ADD COLUMN     "kept_channels" JSONB,
ADD COLUMN     "layer_widths" JSONB;

-- A summary becomes the series that its points belong to.
ALTER TABLE "metric_summary" RENAME TO "metric_series";
ALTER TABLE "metric_series" DROP CONSTRAINT "metric_summary_pkey",
ADD COLUMN     "id" SERIAL NOT NULL,
ADD CONSTRAINT "metric_series_pkey" PRIMARY KEY ("id");
ALTER TABLE "metric_series" RENAME CONSTRAINT "metric_summary_run_id_fkey" TO "metric_series_run_id_fkey";
ALTER INDEX "metric_summary_key_best_value_run_id_idx" RENAME TO "metric_series_key_best_value_run_id_idx";
ALTER INDEX "metric_summary_key_last_value_run_id_idx" RENAME TO "metric_series_key_last_value_run_id_idx";

-- CreateIndex
CREATE UNIQUE INDEX "metric_series_run_id_key_key" ON "metric_series"("run_id", "key");

-- Points name their series by its number: a third of the bytes, and of the work to write them.
ALTER TABLE "metric_point" RENAME TO "metric_point_by_key";
ALTER TABLE "metric_point_by_key" DROP CONSTRAINT "metric_point_pkey";

-- CreateTable
CREATE TABLE "metric_point" (
    "series_id" INTEGER NOT NULL,
    "step" INTEGER NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL
);

INSERT INTO "metric_point" ("series_id", "step", "value", "at")
SELECT s."id", p."step", p."value", p."at"
FROM "metric_point_by_key" p JOIN "metric_series" s ON s."run_id" = p."run_id" AND s."key" = p."key"
ORDER BY s."id", p."step";
DROP TABLE "metric_point_by_key";
ALTER TABLE "metric_point" ADD CONSTRAINT "metric_point_pkey" PRIMARY KEY ("series_id", "step");

-- AddForeignKey
ALTER TABLE "metric_point" ADD CONSTRAINT "metric_point_series_id_fkey" FOREIGN KEY ("series_id") REFERENCES "metric_series"("id") ON DELETE CASCADE ON UPDATE CASCADE;

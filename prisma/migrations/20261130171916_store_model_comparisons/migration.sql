-- CreateTable
CREATE TABLE "model_comparison" (
    "key" TEXT NOT NULL,
    "split" "split" NOT NULL,
    "dataset_version_id" TEXT NOT NULL,
    "measurements" JSONB NOT NULL,
    "measured_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "model_comparison_pkey" PRIMARY KEY ("key")
);

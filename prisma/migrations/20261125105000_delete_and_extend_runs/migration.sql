-- CreateTable
CREATE TABLE "deleted_run" (
    "run_id" TEXT NOT NULL,
    "predictions" TEXT[],
    "deleted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deleted_run_pkey" PRIMARY KEY ("run_id")
);

-- A run from before these settings existed saves at the ends of its epochs and was never extended.
UPDATE "run" SET "configuration" = '{"checkpointEveryMinutes": null, "extendedAfterEpochs": []}'::jsonb || "configuration";

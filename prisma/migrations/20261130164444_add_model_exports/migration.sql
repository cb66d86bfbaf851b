-- CreateEnum
CREATE TYPE "export_format" AS ENUM ('SAVED_MODEL', 'KERAS', 'TFLITE', 'ONNX');

-- CreateEnum
CREATE TYPE "export_precision" AS ENUM ('FLOAT32', 'FLOAT16', 'INT8');

-- CreateEnum
CREATE TYPE "export_state" AS ENUM ('QUEUED', 'RUNNING', 'READY', 'REJECTED', 'FAILED', 'CANCELLED');

-- CreateTable
CREATE TABLE "model_export" (
    "id" TEXT NOT NULL,
    "model_version_id" TEXT NOT NULL,
    "format" "export_format" NOT NULL,
    "precision" "export_precision" NOT NULL,
    "state" "export_state" NOT NULL DEFAULT 'QUEUED',
    "calibration_images" INTEGER,
    "proof_images" INTEGER NOT NULL,
    "bounds" JSONB NOT NULL,
    "file_name" TEXT NOT NULL,
    "size_bytes" BIGINT,
    "sha256" TEXT,
    "proof" JSONB,
    "writing_seconds" DOUBLE PRECISION,
    "rejection_reasons" TEXT[],
    "failure_code" TEXT,
    "failure_message" TEXT,
    "progress" JSONB,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "idempotency_key" TEXT,
    "idempotency_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "model_export_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "model_export_idempotency_key_key" ON "model_export"("idempotency_key");

-- CreateIndex
CREATE INDEX "model_export_model_version_id_created_at_id_idx" ON "model_export"("model_version_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "model_export_state_idx" ON "model_export"("state");

-- AddForeignKey
ALTER TABLE "model_export" ADD CONSTRAINT "model_export_model_version_id_fkey" FOREIGN KEY ("model_version_id") REFERENCES "model_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

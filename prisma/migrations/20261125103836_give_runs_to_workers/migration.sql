-- CreateEnum
CREATE TYPE "stop_request" AS ENUM ('CANCEL', 'PAUSE');

-- DropIndex
DROP INDEX "checkpoint_run_id_epoch_key";

-- DropIndex
DROP INDEX "run_state_queue_order_idx";

-- AlterTable
ALTER TABLE "checkpoint" ADD COLUMN     "position" JSONB;

-- AlterTable
ALTER TABLE "experiment" ADD COLUMN     "max_active_runs" INTEGER;

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "device" TEXT,
ADD COLUMN     "fruitless_attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "lease_expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "stop_requested" "stop_request",
ADD COLUMN     "waits_for_disk" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "worker_id" TEXT;

-- What was asked for stays asked for.
UPDATE "run" SET "stop_requested" = 'CANCEL' WHERE "cancel_requested";
ALTER TABLE "run" DROP COLUMN "cancel_requested";

-- CreateIndex
CREATE UNIQUE INDEX "checkpoint_run_id_step_key" ON "checkpoint"("run_id", "step");

-- CreateIndex
CREATE UNIQUE INDEX "run_device_key" ON "run"("device");

-- CreateIndex
CREATE INDEX "run_state_priority_queue_order_idx" ON "run"("state", "priority" DESC, "queue_order");

-- CreateIndex
CREATE INDEX "run_configuration_idx" ON "run" USING GIN ("configuration" jsonb_path_ops);

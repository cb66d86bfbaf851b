-- Runs from before there were operations of our own used none.
UPDATE "run" SET "environment" = "environment" || '{"customOps": []}'
WHERE "environment" IS NOT NULL AND NOT jsonb_exists("environment", 'customOps');

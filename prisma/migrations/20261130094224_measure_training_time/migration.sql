-- AlterTable
ALTER TABLE "run" ADD COLUMN     "training_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "training_seconds_at" TIMESTAMPTZ(3);

-- The time of earlier runs follows from their events: a trainer has a run from PREPARING, through RUNNING, to the next
-- state. Where that is INTERRUPTED, or where there is none, the trainer may have died long before, so its last event
-- counts.
WITH "change" AS (
  SELECT "run_id", "sequence", "at" AS "began", "body"->>'to' AS "state",
    lead("at") OVER "later" AS "ended",
    lead("body"->>'to') OVER "later" AS "next_state",
    lead("sequence") OVER "later" AS "next_sequence"
  FROM "run_event"
  WHERE "kind" = 'RunStateChanged'
  WINDOW "later" AS (PARTITION BY "run_id" ORDER BY "sequence")
), "stretch" AS (
  SELECT "run_id", "began",
    CASE WHEN "next_state" IS NULL OR "next_state" = 'INTERRUPTED' THEN (
      SELECT max("e"."at") FROM "run_event" "e"
      WHERE "e"."run_id" = "change"."run_id" AND "e"."sequence" >= "change"."sequence"
        AND ("change"."next_sequence" IS NULL OR "e"."sequence" < "change"."next_sequence")
    ) ELSE "ended" END AS "ended"
  FROM "change"
  WHERE "state" IN ('PREPARING', 'RUNNING')
), "spent" AS (
  SELECT "run_id", sum(greatest(extract(epoch FROM "ended" - "began"), 0))::float8 AS "seconds"
  FROM "stretch"
  GROUP BY "run_id"
)
UPDATE "run" SET "training_seconds" = "spent"."seconds" FROM "spent" WHERE "run"."id" = "spent"."run_id";

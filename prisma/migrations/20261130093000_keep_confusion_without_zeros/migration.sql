-- The confusion matrix loses its zeros: at 12,000 classes it had 144 million numbers. A cell becomes three numbers: true
-- class, predicted class and number of samples; the cells with the most samples come first.
ALTER TABLE "evaluation" ADD COLUMN "confusion_cells" INTEGER[];

UPDATE "evaluation" e SET "confusion_cells" = (
  SELECT coalesce(array_agg(n.number ORDER BY c.samples DESC, c.place, n.part), '{}')
  FROM unnest(e."confusion") WITH ORDINALITY AS c(samples, place)
  CROSS JOIN sqrt(cardinality(e."confusion")) AS side
  CROSS JOIN LATERAL (VALUES
    (1, ((c.place - 1) / side::bigint)::int),
    (2, ((c.place - 1) % side::bigint)::int),
    (3, c.samples)
  ) AS n(part, number)
  WHERE c.samples <> 0
);

-- AlterTable
ALTER TABLE "evaluation" DROP COLUMN "confusion";

import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedPathsOf } from "../../../../src/core/settings/recorded-paths.js";
import { choice, group, number } from "../../../../src/core/settings/setting.js";
import { runFilterConditions } from "../../../../src/training/record/filter-query.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { insertVersion, openTraining, type Training } from "../training-stores.js";

const rate = number({ default: 2, description: "A setting of an option." });

/** A table with settings that are newer than the runs below. */
const SETTINGS = group(
  { name: "Example", description: "An example." },
  {
    mixup: number({ since: "2", default: 0.5, description: "A new setting." }),
    earlyStopping: group(
      { name: "EarlyStopping", description: "An old group.", whenNull: "never" },
      { cooldown: number({ since: "2", default: 4, description: "A new setting." }) },
    ),
    optimizer: choice(
      { name: "Optimizer", default: { adam: {} }, description: "An old choice." },
      {
        adam: { name: "Adam", description: "", settings: { rate: { ...rate, since: "2" } } },
        sgd: { name: "Sgd", description: "", settings: {} },
      },
    ),
    schedule: choice(
      { name: "Schedule", default: { flat: {} }, description: "A new choice.", since: "2" },
      {
        flat: { name: "Flat", description: "", settings: { level: rate } },
        steep: { name: "Steep", description: "", settings: { slope: rate } },
      },
    ),
  },
);

test("a filter by the default of a newer setting finds the runs that were stored before it", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await training.launch({ name: "adam", configuration: SMALL });
  await training.launch({ name: "sgd", configuration: { ...SMALL, optimizer: { sgd: {} } } });
  await training.launch({ name: "stops", configuration: { ...SMALL, earlyStopping: { patience: 1 } } });
  await training.launch({ name: "later", configuration: SMALL });
  await rawSql(
    training.database,
    `update run set configuration = configuration || '{"mixup": 0.9, "schedule": {"kind": "steep", "slope": 1}}'
     where name = 'later'`,
  );
  const cases: readonly (readonly [path: string, equals: string, expected: string])[] = [
    ["mixup", "0.5", "adam sgd stops"],
    ["mixup", "0.9", "later"],
    ["mixup", "0.1", ""],
    ["earlyStopping.cooldown", "4", "stops"],
    ["optimizer.rate", "2", "adam later stops"],
    ["schedule.kind", "flat", "adam sgd stops"],
    ["schedule.kind", "steep", "later"],
    ["schedule.level", "2", "adam sgd stops"],
    ["schedule.slope", "2", ""],
  ];
  for (const [path, equals, expected] of cases) {
    assert.equal(await found(training, path, equals), expected, `${path} = ${equals}`);
  }
});

const SMALL = { architecture: "VGG11", widthMultiplier: 0.0625, imageSizePixels: 32 } as const;

async function found({ database }: Training, path: string, equals: string): Promise<string> {
  const conditions = runFilterConditions({ configuration: [{ path, equals }] }, recordedPathsOf(SETTINGS));
  const rows = await database.kysely
    .selectFrom("run as r")
    .select("r.name")
    .where(({ and }) => and([...conditions]))
    .orderBy("r.name")
    .execute();
  return rows.map(({ name }) => name).join(" ");
}

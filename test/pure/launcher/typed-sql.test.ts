// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are source code
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

interface Outcome {
  readonly holds: boolean;
  readonly report: string;
}

const launcher = pathToFileURL(path.join(projectRoot(), "launcher/typed-sql.mjs")).href;
const { checkTypedSql } = (await import(launcher)) as { checkTypedSql: (root: string) => Outcome };

const SCHEMA = `
model Run {
  id        String  @id
  createdAt String  @map("created_at")
  epochs    Epoch[]

  @@map("run")
}

model Epoch {
  number Int @id
  run    Run @relation(fields: [number], references: [id])

  @@map("epoch")
}
`;

/** Checks a checkout whose only source is this one. */
async function check(source: string, file = "src/training/run-store.ts"): Promise<Outcome> {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  for (const [name, text] of [
    ["prisma/schema.prisma", SCHEMA],
    [file, source],
  ] as const) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return checkTypedSql(folder);
}

test("the sources of this checkout name tables and columns in ways that the compiler checks", () => {
  const { holds, report } = checkTypedSql(projectRoot());
  assert.ok(holds, report);
});

for (const source of [
  'sql`${ref("createdAt")} < now()`',
  'sql<number>`extract(epoch from ${ref("createdAt")} - ${nested(`run ${`created_at`}`)})`',
  "sql`jsonb_build_object('number', ${value({ id: 1 })})`",
  "const text = `select created_at from run`;",
  'update.set("createdAt", ({ ref }) => ref("endedAt")).set({ id: value })',
  'update.set(({ ref }) => ({ createdAt: ref("endedAt") }) satisfies ColumnsOf<"run">)',
]) {
  test(`allowed: ${source}`, async () => {
    const { holds, report } = await check(source);
    assert.ok(holds, report);
  });
}

for (const [source, name] of [
  ["sql`created_at < now()`", "created_at"],
  ['sql<Date>`max(${ref("id")}) over (order by created_at)`', "created_at"],
  ["sql<{ one: number }>`select 1 as one from run`", "run"],
  ["sql`${nested({ of: `a` })} = number`", "number"],
] as const) {
  test(`refused: ${source}`, async () => {
    const { holds, report } = await check(`const one = 1;\n${source}`);
    assert.ok(!holds);
    assert.match(report, new RegExp(`^src/training/run-store\\.ts:2: SQL text names ${name}\\.`));
  });
}

test("refused: a callback of `set` that may return other properties than columns", async () => {
  const { holds, report } = await check(
    'update.set(({ ref }) => ({ created: ref("(") })).where(satisfies ColumnsOf<)',
  );
  assert.ok(!holds);
  assert.match(report, /^src\/training\/run-store\.ts:1: nothing checks the names/);
});

for (const source of ['sql.ref("run.created_at")', 'sql.raw("created_at")', "prisma.$queryRawUnsafe(text)"]) {
  test(`refused outside of src/db: ${source}`, async () => {
    assert.ok(!(await check(source)).holds);
    assert.ok((await check(source, "src/db/names.ts")).holds);
  });
}

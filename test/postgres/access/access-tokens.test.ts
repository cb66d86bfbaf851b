import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { AccessTokenStore } from "../../../src/access/access-token-store.js";
import { AccessTokens } from "../../../src/access/access-tokens.js";
import { AppError } from "../../../src/core/app-error.js";
import { createTestDatabase } from "../../testkit/postgres/database.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";

test("only the secret of a token authenticates, with the role of the token", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token, secret } = await tokens.create({ name: "dashboard", role: "VIEWER" });
  assert.match(secret, /^esp_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(await tokens.authenticate(secret), { tokenId: token.id, role: "VIEWER" });
  const other = secret.slice(0, -1) + (secret.endsWith("A") ? "B" : "A");
  for (const wrong of [other, `${secret}A`, secret.slice(4), "esp_", "", "esp_' or true --"]) {
    assert.equal(await tokens.authenticate(wrong), null, JSON.stringify(wrong));
  }
});

test("the database never stores a secret", async () => {
  await using database = await createTestDatabase();
  const { secret } = await tokensOf(database).create({ name: "dashboard", role: "VIEWER" });
  const { rows } = await rawSql<{ row: string }>(
    database.database,
    "select to_jsonb(t)::text as row from access_token t",
  );
  assert.equal(rows.length, 1);
  for (const { row } of rows) assert.ok(!row.includes(secret) && !row.includes(secret.slice(4)));
});

test("a revoked token is refused at once, and stays listed with the time of its revocation", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token, secret } = await tokens.create({ name: "laptop", role: "EDITOR" });
  assert.notEqual(await tokens.authenticate(secret), null);
  const revoked = await tokens.revoke(token.id);
  assert.ok(revoked.revokedAt instanceof Date);
  assert.equal(await tokens.authenticate(secret), null);
  const { token: other } = await tokens.create({ name: "desktop", role: "EDITOR" });
  const { signal } = new AbortController();
  assert.deepEqual(
    await tokens.revokedAmong([token.id, other.id, "tok_nobody"], signal),
    new Set([token.id, "tok_nobody"]),
  );
  assert.deepEqual(await tokens.list(), [other, revoked]);
});

test("revoking a token twice keeps the first time, and revoking an unknown token is an error", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token } = await tokens.create({ name: "laptop", role: "EDITOR" });
  const first = await tokens.revoke(token.id);
  assert.deepEqual(await tokens.revoke(token.id), first);
  await assert.rejects(tokens.revoke("tok_unknown"), hasCode("TOKEN_NOT_FOUND"));
});

test("watchers are notified of a revocation", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token } = await tokens.create({ name: "laptop", role: "EDITOR" });
  const heard = Promise.withResolvers<void>();
  const stop = tokens.onRevoked(heard.resolve);
  await tokens.revoke(token.id);
  await heard.promise;
  stop();
});

test("the last ADMIN token cannot be revoked, however many other tokens exist", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token: admin } = await tokens.create({ name: "one", role: "ADMIN" });
  await tokens.create({ name: "editor", role: "EDITOR" });
  await assert.rejects(tokens.revoke(admin.id), hasCode("LAST_ADMIN_TOKEN"));
  await tokens.create({ name: "two", role: "ADMIN" });
  assert.notEqual((await tokens.revoke(admin.id)).revokedAt, null);
});

test("when two admins revoke each other at the same time, one of them remains", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  for (let round = 0; round < 5; round++) {
    const admins = await Promise.all(
      ["one", "two"].map(async (name) => (await tokens.create({ name, role: "ADMIN" })).token),
    );
    // The admins of earlier rounds are revoked first, so that only these two remain.
    for (const token of await tokens.list()) {
      if (token.revokedAt === null && !admins.some(({ id }) => id === token.id))
        await tokens.revoke(token.id);
    }
    const outcomes = await Promise.allSettled(admins.map(({ id }) => tokens.revoke(id)));
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  }
});

test("the time of last use is written at most once a minute", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  const { token, secret } = await tokens.create({ name: "laptop", role: "EDITOR" });
  assert.equal(token.lastUsedAt, null);
  const lastUsed = async (): Promise<Date | null | undefined> => (await tokens.find(token.id))?.lastUsedAt;

  await tokens.authenticate(secret);
  const first = await lastUsed();
  assert.ok(first instanceof Date);
  await tokens.authenticate(secret);
  assert.deepEqual(await lastUsed(), first);

  await rawSql(
    database.database,
    "update access_token set last_used_at = last_used_at - interval '61 seconds'",
  );
  await tokens.authenticate(secret);
  assert.ok(((await lastUsed())?.getTime() ?? 0) >= first.getTime());
});

test("the name of a token must not be blank or too long", async () => {
  await using database = await createTestDatabase();
  const tokens = tokensOf(database);
  for (const name of ["", "   ", "x".repeat(101)]) {
    await assert.rejects(tokens.create({ name, role: "VIEWER" }), hasCode("NAME_INVALID"));
  }
});

test("the first start creates an admin token that only its owner can read, and later starts reuse it", async () => {
  await using database = await createTestDatabase();
  await using home = await temporaryFolder();
  const tokens = tokensOf(database);
  const first = await tokens.ensureAdminToken(home.folder);
  assert.equal(first.created, true);
  assert.equal(first.file, path.join(home.folder, "admin-token"));
  assert.equal((await readFile(first.file, "utf8")).trim(), first.secret);
  assert.equal((await stat(first.file)).mode & 0o777, 0o600);
  assert.equal((await tokens.authenticate(first.secret))?.role, "ADMIN");

  assert.deepEqual(await tokens.ensureAdminToken(home.folder), { ...first, created: false });
  assert.equal((await tokens.list()).length, 1);
});

test("permissions of other users on the file of the admin token are removed", async () => {
  await using database = await createTestDatabase();
  await using home = await temporaryFolder();
  const tokens = tokensOf(database);
  const { secret, file } = await tokens.ensureAdminToken(home.folder);
  await rm(file);
  await writeFile(file, `${secret}\n`, { mode: 0o644 });
  await tokens.ensureAdminToken(home.folder);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("an admin token is added to a new database, and replaced after it was revoked", async () => {
  await using home = await temporaryFolder();
  await using one = await createTestDatabase();
  const { secret } = await tokensOf(one).ensureAdminToken(home.folder);

  await using two = await createTestDatabase();
  const tokens = tokensOf(two);
  assert.equal((await tokens.ensureAdminToken(home.folder)).secret, secret);
  const caller = await tokens.authenticate(secret);
  assert.equal(caller?.role, "ADMIN");

  await tokens.create({ name: "another admin", role: "ADMIN" });
  await tokens.revoke(caller?.tokenId ?? "");
  const replaced = await tokens.ensureAdminToken(home.folder);
  assert.notEqual(replaced.secret, secret);
  assert.equal((await tokens.authenticate(replaced.secret))?.role, "ADMIN");
});

test("a file with other content is not changed, and the error says what to do", async () => {
  await using database = await createTestDatabase();
  await using home = await temporaryFolder();
  const file = path.join(home.folder, "admin-token");
  await writeFile(file, "my notes");
  await assert.rejects(
    tokensOf(database).ensureAdminToken(home.folder),
    (error) => hasCode("ADMIN_TOKEN_FILE_INVALID")(error) && /Delete it/.test((error as Error).message),
  );
  assert.equal(await readFile(file, "utf8"), "my notes");
});

function tokensOf({ database }: Awaited<ReturnType<typeof createTestDatabase>>): AccessTokens {
  return new AccessTokens(new AccessTokenStore(database));
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code;
}

async function temporaryFolder(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-access-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

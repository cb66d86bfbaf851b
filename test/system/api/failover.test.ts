import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import { startTestServer } from "../../testkit/api/server.js";
import { createTestDatabase } from "../../testkit/postgres/database.js";
import { becomeReadOnly } from "../../testkit/postgres/read-only.js";

const CREATE_EXPERIMENT = graphql(`mutation FailoverCreate($input: CreateExperimentInput!) {
  payload: createExperiment(input: $input) { experiment { id name } userErrors { code message } }
}`);

const NAME_OF = graphql(`query FailoverNameOf($name: String!) { experiment(name: $name) { id name } }`);

test("a mutation waits for a database that fails over, and says when it stays read-only", async (t) => {
  await using database = await createTestDatabase();
  await using server = await startTestServer({ DATABASE_URL: database.url });
  const create = async (name: string) => {
    const input = { name, idempotencyKey: randomUUID() };
    return (await server.editor.ask(CREATE_EXPERIMENT, { input })).payload;
  };
  const nameOf = async (name: string) => (await server.viewer.ask(NAME_OF, { name })).experiment?.name;

  await t.test("it succeeds when the database accepts changes again, and queries do not wait", async () => {
    await becomeReadOnly(database.url, true);
    const creating = create("waiting");
    assert.equal(await nameOf("waiting"), undefined);
    await becomeReadOnly(database.url, false, { endsConnections: false });
    const { experiment } = await creating;
    assert.equal(experiment?.name, "waiting");
  });

  await t.test("an error says that nothing was changed when the failover lasts", async () => {
    await becomeReadOnly(database.url, true);
    const { experiment, userErrors } = await create("refused");
    assert.equal(experiment, null);
    assert.deepEqual(
      userErrors.map(({ code }) => code),
      ["DATABASE_READ_ONLY"],
    );
    assert.match(userErrors[0]?.message ?? "", /accepts no writes: .* Nothing was changed\. Try again/);
    assert.equal(await nameOf("refused"), undefined);

    await becomeReadOnly(database.url, false, { endsConnections: false });
    assert.equal((await create("refused")).experiment?.name, "refused");
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSchema, GraphQLError, getOperationAST, getVariableValues, parse, validate } from "graphql";
import { clientError } from "../../../src/api/errors/graphql-errors.js";
import { emitSchema } from "../../../src/api/schema.js";
import { createLog } from "../../../src/telemetry/log.js";

const schema = buildSchema(await emitSchema());
const log = createLog("error");
const LAUNCH = parse(
  "mutation Launch($input: LaunchRunInput!) { launchRun(input: $input) { userErrors { code } } }",
);

/** What a client sees of the errors in an operation or its variables. */
function messages(document = LAUNCH, variables: Readonly<Record<string, unknown>> | null = null): string[] {
  const invalid = validate(schema, document);
  const operation = getOperationAST(document);
  const { errors = [] } =
    variables === null
      ? { errors: invalid }
      : getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
  return errors.map(
    ({ message }) =>
      clientError(new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } }), log).message,
  );
}

const LONG = { weights: Array.from({ length: 200 }, (_, index) => index + 0.5) };

test("the error of a misspelt field quotes at most 200 characters of the configuration", () => {
  const configuration = {
    ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`setting${index}`, "a; B"])),
    epoks: 3,
  };
  const found = messages(LAUNCH, { input: { experiment: "e", dataset: "d", configuration } });
  const [message = ""] = found.slice(-1);
  assert.match(
    message,
    /^Variable "\$input" got invalid value \{.{199}… at "input\.configuration"; Field "epoks" is not defined by type "RunConfigurationInput"\. Did you mean "epochs"/,
  );
  assert.ok(message.length < 400, message);
});

test("the error of a value of another type quotes at most 200 characters of it", () => {
  const configuration = { weightDecay: "x".repeat(1000), classWeights: LONG };
  for (const message of messages(LAUNCH, { input: { experiment: "e", dataset: "d", configuration } })) {
    assert.match(message, /; Float cannot represent non numeric value: "x{199}…$/);
    assert.ok(message.length < 600, message);
  }
  const weights = LONG.weights.join(", ");
  const inline = `mutation { launchRun(input: { experiment: "e", dataset: "d", configuration: { weightDecay: [${weights}] } }) { userErrors { code } } }`;
  const [message = ""] = messages(parse(inline));
  assert.match(message, /…$/);
  assert.ok(message.length < 300, message);
});

test("short messages stay as they are", () => {
  const input = { experiment: "e", dataset: "d", configuration: { epochs: 1.5 } };
  assert.deepEqual(messages(LAUNCH, { input }), [
    'Variable "$input" got invalid value 1.5 at "input.configuration.epochs"; Int cannot represent non-integer value: 1.5',
  ]);
});

test("GraphQL itself refuses the values of the wrong type that docs/settings.md names", () => {
  for (const configuration of [
    { epochs: 1.5 },
    { architecture: "VGG12" },
    { seed: 2_147_483_648 },
    { learningRate: {} },
    { epoks: 3 },
  ]) {
    const found = messages(LAUNCH, { input: { experiment: "e", dataset: "d", configuration } });
    assert.equal(found.length, 1, JSON.stringify(configuration));
  }
});

import "reflect-metadata";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GraphQLObjectType, type GraphQLSchema, printType } from "graphql";
import { Arg, buildSchema, Query, Resolver } from "type-graphql";
import { InputTypes } from "../../../src/api/configuration/input-types.js";
import { ObjectTypes } from "../../../src/api/configuration/object-types.js";
import {
  choice,
  decided,
  flag,
  group,
  number,
  numbers,
  recordedOnly,
  reference,
  text,
  wholeNumber,
  wholeNumbers,
} from "../../../src/core/settings/setting.js";

/** Every kind of setting once. */
const TABLE = group(
  { name: "Example", description: "Settings of an example." },
  {
    level: number({ from: 0, to: 1, default: 0.5, description: "Level of it." }),
    limit: wholeNumber({ above: 0, unit: "steps", whenNull: "no limit", description: "Limit of it." }),
    stops: group(
      { name: "Stops", description: "When it stops.", whenNull: "never" },
      { after: wholeNumber({ from: 1, description: "Steps before it stops." }) },
    ),
    rule: choice(
      { name: "Rule", default: { plain: {} }, description: "Rule of it." },
      {
        plain: {
          name: "Plain",
          description: "A plain rule.",
          settings: { speed: number({ default: 1, description: "Speed of it." }) },
        },
        curved: {
          name: "Curved",
          description: "A curved rule.",
          settings: {
            initialSpeed: number({ description: "First speed of it." }),
            smooth: flag({ default: true, description: "Whether it is smooth." }),
          },
          recordedAs: { initialSpeed: "speed" },
        },
      },
    ),
    origin: decided(
      {
        name: "Origin",
        undecided: { kind: "nothing" },
        whenNull: "nothing",
        description: "Where it begins.",
      },
      {
        given: {
          name: text({ description: "A name." }),
          weights: numbers({ above: 0, description: "Weights." }),
        },
        recorded: {
          variants: {
            nothing: {},
            named: { nameId: reference({ description: "The id of the name." }) },
            weighed: { weights: numbers({ above: 0, description: "Weights." }) },
          },
        },
      },
    ),
    history: recordedOnly(wholeNumbers({ description: "What happened." }), []),
  },
);

const schema = await buildExampleSchema();

test("an input type has names, types, defaults and descriptions of the table", () => {
  assert.equal(
    printed("ExampleInput"),
    `"""Settings of an example."""
input ExampleInput {
  """Level of it. A number from 0 to 1. Null means the default, 0.5."""
  level: Float = 0.5

  """Limit of it. A whole number of steps above 0. Null means no limit."""
  limit: Int

  """When it stops. Null means never."""
  stops: StopsInput

  """Rule of it. Null means \`{ plain: {} }\`."""
  rule: RuleInput

  """Where it begins. Null means nothing."""
  origin: OriginInput
}`,
  );
  assert.equal(
    printed("StopsInput"),
    `"""When it stops."""
input StopsInput {
  """Steps before it stops. A whole number of at least 1."""
  after: Int!
}`,
  );
});

test("the input of a choice has a nullable field for each option", () => {
  assert.equal(
    printed("RuleInput"),
    `"""Rule of it. Exactly one of the fields."""
input RuleInput {
  """A plain rule. \`{}\` takes the defaults of its settings."""
  plain: PlainInput

  """A curved rule."""
  curved: CurvedInput
}`,
  );
  assert.match(printed("CurvedInput"), /initialSpeed: Float!/);
  assert.match(printed("OriginInput"), /weights: \[Float!\]\n/);
});

test("a recorded choice names its option, and settings that not every option has are nullable", () => {
  assert.equal(
    printed("Rule"),
    `"""Rule of it."""
type Rule {
  """One of "plain" or "curved"."""
  kind: String!

  """Speed of it."""
  speed: Float!

  """Whether it is smooth. Null unless \`kind\` is curved."""
  smooth: Boolean
}`,
  );
  assert.deepEqual(Object.keys((schema.getType("Origin") as GraphQLObjectType).getFields()), [
    "kind",
    "weights",
  ]);
});

test("a recorded group also has the fields that the server records", () => {
  assert.equal(
    printed("Example"),
    `"""Settings of an example."""
type Example {
  """Level of it. A number from 0 to 1."""
  level: Float!

  """Limit of it. A whole number of steps above 0. Null means no limit."""
  limit: Int

  """When it stops. Null means never."""
  stops: Stops

  """Rule of it."""
  rule: Rule!

  """Where it begins."""
  origin: Origin!

  """What happened. Each item is a whole number."""
  history: [Int!]!
}`,
  );
});

async function buildExampleSchema(): Promise<GraphQLSchema> {
  const inputs = new InputTypes();
  const Input = inputs.ofGroup(TABLE);
  const Recorded = new ObjectTypes().of(TABLE);
  assert.deepEqual([...inputs.oneOf], ["RuleInput", "OriginInput"]);

  @Resolver()
  class ExampleResolver {
    @Query(() => Recorded)
    example(@Arg("input", () => Input) input: object): object {
      return input;
    }
  }
  return buildSchema({ resolvers: [ExampleResolver], validate: false });
}

function printed(name: string): string {
  const type = schema.getType(name);
  assert.ok(type, name);
  return printType(type);
}

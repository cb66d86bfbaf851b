import { Field, InputType, registerEnumType } from "type-graphql";
import type { RunOrderField as OrderField, RunOrder } from "../../training/record/run-records.js";

const RunOrderField: { readonly [F in OrderField]: F } = {
  CREATED_AT: "CREATED_AT",
  DURATION: "DURATION",
  TRAINING_TIME: "TRAINING_TIME",
  METRIC_BEST: "METRIC_BEST",
  METRIC_LAST: "METRIC_LAST",
};

registerEnumType(RunOrderField, {
  name: "RunOrderField",
  description: "Property by which runs are sorted.",
  valuesConfig: {
    CREATED_AT: { description: "When the run was launched." },
    DURATION: {
      description:
        "How long the run took, waiting included: `durationSeconds`. Runs that have not ended come last.",
    },
    TRAINING_TIME: {
      description:
        "Time that trainers spent on the run: `trainingSeconds`. Runs that have not ended come last, because their time " +
        "would change while pages of the list are read.",
    },
    METRIC_BEST: { description: "The best value of `metric`. Runs without a value come last." },
    METRIC_LAST: { description: "The newest value of `metric`. Runs without a value come last." },
  },
});

const OrderDirection: { readonly [D in RunOrder["direction"]]: D } = { ASC: "ASC", DESC: "DESC" };

registerEnumType(OrderDirection, {
  name: "OrderDirection",
  description: "Direction of the order.",
  valuesConfig: {
    ASC: { description: "Smallest or oldest first." },
    DESC: { description: "Largest or newest first." },
  },
});

@InputType({ description: "The order in which runs are listed." })
export class RunOrderInput {
  @Field(() => RunOrderField, { description: "Property to sort by." })
  field!: OrderField;

  @Field(() => String, {
    nullable: true,
    description:
      'Key of the metric, such as "validation.top1". Required by METRIC_BEST and METRIC_LAST, otherwise ' +
      "null.",
  })
  metric?: string | null;

  @Field(() => OrderDirection, {
    nullable: true,
    defaultValue: "DESC",
    description: "Direction of the order; null means DESC.",
  })
  direction!: RunOrder["direction"] | null;
}

export function runOrder(input: RunOrderInput | null | undefined): RunOrder | null {
  if (input == null) return null;
  return { field: input.field, metric: input.metric ?? null, direction: input.direction ?? "DESC" };
}

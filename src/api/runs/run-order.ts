import { Field, InputType, registerEnumType } from "type-graphql";
import type { RunOrderField as OrderField, RunOrder } from "../../training/record/run-records.js";

export const RunOrderField: { readonly [F in OrderField]: F } = {
  CREATED_AT: "CREATED_AT",
  DURATION: "DURATION",
  METRIC_BEST: "METRIC_BEST",
  METRIC_LAST: "METRIC_LAST",
};

registerEnumType(RunOrderField, {
  name: "RunOrderField",
  description: "What runs are sorted by.",
  valuesConfig: {
    CREATED_AT: { description: "When they were launched." },
    DURATION: { description: "How long they took; those that have not ended come last." },
    METRIC_BEST: { description: "The best value of `metric`; runs without it come last." },
    METRIC_LAST: { description: "The newest value of `metric`; runs without it come last." },
  },
});

export const OrderDirection: { readonly [D in RunOrder["direction"]]: D } = { ASC: "ASC", DESC: "DESC" };

registerEnumType(OrderDirection, {
  name: "OrderDirection",
  description: "Which end of the order comes first.",
  valuesConfig: {
    ASC: { description: "The smallest or oldest first." },
    DESC: { description: "The greatest or newest first." },
  },
});

@InputType({ description: "In which order to list runs." })
export class RunOrderInput {
  @Field(() => RunOrderField, { description: "What to sort by." })
  field!: OrderField;

  @Field(() => String, {
    nullable: true,
    description:
      'Which metric, such as "validation.top1": needed by METRIC_BEST and METRIC_LAST, otherwise null.',
  })
  metric?: string | null;

  @Field(() => OrderDirection, {
    nullable: true,
    defaultValue: "DESC",
    description: "Which end comes first; null means DESC.",
  })
  direction!: RunOrder["direction"] | null;
}

export function runOrder(input: RunOrderInput | null | undefined): RunOrder | null {
  if (input == null) return null;
  return { field: input.field, metric: input.metric ?? null, direction: input.direction ?? "DESC" };
}

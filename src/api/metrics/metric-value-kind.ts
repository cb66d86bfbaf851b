import { registerEnumType } from "type-graphql";
import { MetricValueKind } from "../../core/enumerations.js";

registerEnumType(MetricValueKind, {
  name: "MetricValueKind",
  description: "Which kind of number a metric is; JSON can carry finite ones only.",
  valuesConfig: {
    FINITE: { description: "An ordinary number, in `value`." },
    NAN: { description: "Not a number, as after 0/0." },
    POSITIVE_INFINITY: { description: "Greater than every number." },
    NEGATIVE_INFINITY: { description: "Less than every number." },
  },
});

export { MetricValueKind };

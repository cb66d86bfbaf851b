import { GraphQLScalarType } from "graphql";
import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";

/** Dates in the schema; serialised as `2026-01-31T12:00:00.000Z`. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: "DateTime",
  description:
    "A moment in UTC with milliseconds, written as in RFC 3339: `2026-01-31T12:00:00.000Z`. " +
    "Inputs may carry another offset.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
});

/** Counts that outgrow GraphQL's 32-bit Int: bytes, parameters. */
export const SafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  name: "SafeInt",
  description:
    "A whole number from -(2^53 - 1) to 2^53 - 1, the range that JSON numbers carry exactly. " +
    "Used where `Int`, which ends at 2^31 - 1, would be too small.",
});

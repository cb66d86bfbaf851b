import { GraphQLScalarType } from "graphql";
import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";

/** Dates of the schema, serialized as `2026-01-31T12:00:00.000Z`. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: "DateTime",
  description:
    "A moment in UTC with milliseconds, in the format of RFC 3339: `2026-01-31T12:00:00.000Z`. Inputs " +
    "may have another offset.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
});

/** Counts that exceed GraphQL's 32-bit Int, such as bytes and parameters. */
export const SafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  name: "SafeInt",
  description:
    "A whole number from -(2^53 - 1) to 2^53 - 1, which JSON numbers represent exactly. Used where the " +
    "32 bits of `Int` do not suffice.",
});

/**
 * Compares a schema with the released one: `node launcher/schema-compatibility.mjs <released> <schema>`. Exits with 1
 * and lists the changes that break existing clients. Changes that clients may notice, such as a new enum value, are
 * listed as well, but allowed.
 */
import { readFileSync } from "node:fs";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const [released, schema] = process.argv.slice(2).map((file) => buildSchema(readFileSync(file, "utf8")));
const changes = await diff(released, schema);
const breaking = changesOf(CriticalityLevel.Breaking);
const dangerous = changesOf(CriticalityLevel.Dangerous);

list("Breaking changes since the release", breaking);
list("Changes since the release that clients may notice", dangerous);
process.exitCode = breaking.length === 0 ? 0 : 1;

function changesOf(level) {
  return changes.filter(({ criticality }) => criticality.level === level).map(({ message }) => message);
}

function list(title, messages) {
  if (messages.length > 0) console.log(`${title}:\n${messages.map((message) => `  ${message}`).join("\n")}`);
}

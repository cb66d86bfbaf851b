import { Command, Option } from "commander";
import { writeOrCheck } from "./generated-files.js";

export function schemaCommand(): Command {
  return new Command("schema")
    .summary("write schema.graphql from the code, or check it")
    .description("Writes schema.graphql, the GraphQL schema as the code defines it.")
    .option("--check", "write nothing, and exit with 1 when the file differs from the code")
    .addOption(
      new Option(
        "--release",
        "also write schema.released.graphql, with which later schemas must stay compatible",
      ).conflicts("check"),
    )
    .action(async ({ check = false, release = false }: Readonly<{ check?: boolean; release?: boolean }>) => {
      const { emitReleasedSchema, emitSchema } = await import("../app/maintenance.js");
      const files = { "schema.graphql": await emitSchema() };
      const released = release ? { "schema.released.graphql": await emitReleasedSchema() } : {};
      await writeOrCheck({ ...files, ...released }, { check });
    });
}

import { Command } from "commander";
import { writeOrCheck } from "./generated-files.js";

export function schemaCommand(): Command {
  return new Command("schema")
    .summary("write schema.graphql from the code, or check it")
    .description("Writes schema.graphql, the GraphQL schema as the code defines it.")
    .option("--check", "write nothing, and exit with 1 when the file differs from the code")
    .action(async ({ check = false }: Readonly<{ check?: boolean }>) => {
      const { emitSchema } = await import("../app/maintenance.js");
      await writeOrCheck({ "schema.graphql": await emitSchema() }, { check });
    });
}

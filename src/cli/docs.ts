import { Command } from "commander";
import { writeOrCheck } from "./generated-files.js";
import { REFERENCE_PAGES } from "./reference-pages.js";

export function docsCommand(): Command {
  return new Command("docs")
    .summary("write the reference pages that are generated from the code, or check them")
    .description(`Writes ${Object.keys(REFERENCE_PAGES).join(", ")} from the tables in the code.`)
    .option("--check", "write nothing, and exit with 1 when a page differs from the code")
    .action(async ({ check = false }: Readonly<{ check?: boolean }>) => {
      const pages = Object.entries(REFERENCE_PAGES).map(([file, render]) => [file, render()]);
      await writeOrCheck(Object.fromEntries(pages), { check });
    });
}

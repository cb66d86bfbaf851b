import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { projectRoot } from "./project-root.js";

const PACKAGE = z.object({ version: z.string() });

/** The version of the npm package in a folder. */
export async function packageVersion(folder: string): Promise<string> {
  const text = await readFile(path.join(folder, "package.json"), "utf8");
  return PACKAGE.parse(JSON.parse(text)).version;
}

/** The version of Espalier. */
export function productVersion(): Promise<string> {
  return packageVersion(projectRoot());
}

import { readFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "./project-root.js";

/** The version in package.json. */
export async function productVersion(): Promise<string> {
  const text = await readFile(path.join(projectRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

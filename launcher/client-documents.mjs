/** Finds the GraphQL documents in the sources: the types of the API client are generated from them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";

const FOLDERS = ["src/client", "demo", "bench", "torture", "test", "examples"];
export const GENERATED_FOLDER = "src/client/generated";
/** A call `graphql(`…`)`, or a string that a comment marks as a document. */
const DOCUMENT = /(?:\bgraphql\(\s*|\/\* GraphQL \*\/\s*)`([^`]*)`/g;

/**
 * Lists the documents of each file that has some. The generator parses only these files: parsing all sources
 * would take it three times as long.
 *
 * @param {string} root the checkout
 * @returns {{ file: string, documents: string[] }[]} files relative to `root`
 */
export function findClientDocuments(root) {
  return listFiles(root, FOLDERS)
    .filter((file) => file.endsWith(".ts") && !file.startsWith(`${GENERATED_FOLDER}/`))
    .map((file) => {
      const text = readFileSync(path.join(root, file), "utf8");
      return { file, documents: [...text.matchAll(DOCUMENT)].map(([, document = ""]) => document) };
    })
    .filter(({ documents }) => documents.length > 0);
}

/**
 * Hashes everything that the generated types depend on. Unlike `fingerprint`, it reads the files, so that other
 * changes to a file with documents do not generate the types again.
 *
 * @param {string} root the checkout
 */
export function clientDocumentsStamp(root) {
  const hash = createHash("sha256");
  for (const file of ["schema.graphql", "codegen.mjs"]) hash.update(readFileSync(path.join(root, file)));
  hash.update(JSON.stringify(findClientDocuments(root)));
  return hash.digest("hex");
}

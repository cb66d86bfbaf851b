/**
 * Checks that SQL in the sources names tables and columns in ways that the compiler checks, so that renaming one in
 * `prisma/schema.prisma` breaks the compile at each use. Kysely's builder and `${ref("column")}` are checked; text
 * inside of an `sql` template is not.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";

const SQL_TEMPLATE = /\bsql(?:<[^`;]*>)?`/g;
/** Ways to put text into SQL that nothing checks; `src/db` builds checked ones from them. */
const UNCHECKED = /\bsql\.(?:raw|ref|id|table)\(|\$(?:query|execute)Raw/g;
/** A callback that returns the columns to set. The compiler lets properties pass there that are no columns. */
const SET_CALLBACK = /\.(?:set|doUpdateSet)\(\s*(?=\()/g;
const UNCHECKED_ALLOWED = path.join("src", "db", path.sep);

/**
 * @param {string} root the checkout
 * @returns {{ holds: boolean, report: string }}
 */
export function checkTypedSql(root) {
  const names = namesOf(readFileSync(path.join(root, "prisma/schema.prisma"), "utf8"));
  const generated = path.join("src", "db", "generated");
  const files = listFiles(root, ["src"]).filter(
    (file) => file.endsWith(".ts") && !file.startsWith(generated),
  );
  const violations = files.flatMap((file) => {
    const source = readFileSync(path.join(root, file), "utf8");
    const at = (index) => `${file}:${source.slice(0, index).split("\n").length}`;
    return [
      ...textNames(source, names).map(
        ({ index, name }) =>
          `${at(index)}: SQL text names ${name}. Use the builder, or \${ref("…")} inside of the text.`,
      ),
      ...Array.from(source.matchAll(SET_CALLBACK))
        .filter(
          ({ index, 0: call }) =>
            !/satisfies ColumnsOf</.test(source.slice(index, endOfCall(source, index + call.length))),
        )
        .map(
          ({ index }) =>
            `${at(index)}: nothing checks the names of these columns. Use \`set("column", callback)\`.`,
        ),
      ...(file.startsWith(UNCHECKED_ALLOWED)
        ? []
        : Array.from(
            source.matchAll(UNCHECKED),
            ({ index, 0: call }) => `${at(index)}: ${call} is not checked.`,
          )),
    ];
  });
  return { holds: violations.length === 0, report: violations.join("\n") };
}

/** The names that tables and columns have in PostgreSQL. */
function namesOf(schema) {
  const models = [...schema.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)];
  const modelNames = new Set(models.map(([, name]) => name));
  const names = new Set();
  for (const [, model, body] of models) {
    names.add(/@@map\("(\w+)"\)/.exec(body)?.[1] ?? model);
    for (const [, field, type, rest] of body.matchAll(/^\s+(\w+)\s+(\w+)(.*)$/gm)) {
      if (!modelNames.has(type)) names.add(/@map\("(\w+)"\)/.exec(rest)?.[1] ?? field);
    }
  }
  return names;
}

function textNames(source, names) {
  return Array.from(source.matchAll(SQL_TEMPLATE)).flatMap(({ index, 0: opening }) =>
    templateTexts(source, index + opening.length).flatMap(({ start, text }) => {
      const code = text
        .replace(/'[^']*'/g, (literal) => " ".repeat(literal.length))
        // `epoch` is a field of an interval here.
        .replace(/\bextract\(\w+/g, (call) => " ".repeat(call.length));
      return Array.from(code.matchAll(/[a-z_]\w*/gi))
        .filter(([word]) => names.has(word))
        .map((match) => ({ index: start + match.index, name: match[0] }));
    }),
  );
}

/** The text parts of a template whose backtick is just before `from`; expressions in it are left out. */
function templateTexts(source, from) {
  const texts = [];
  let start = from;
  let index = from;
  for (; index < source.length && source[index] !== "`"; index++) {
    if (source[index] === "\\") index++;
    else if (source.startsWith("${", index)) {
      texts.push({ start, text: source.slice(start, index) });
      index = endOfExpression(source, index + 2);
      start = index + 1;
    }
  }
  texts.push({ start, text: source.slice(start, index) });
  return texts;
}

/** The index of the brace that ends an expression in a template. */
function endOfExpression(source, from) {
  return endOfBracketed(source, from, "{", "}");
}

/** The index of the parenthesis that ends the arguments of a call, which begin at `from`. */
function endOfCall(source, from) {
  return endOfBracketed(source, from, "(", ")");
}

function endOfBracketed(source, from, opening, closing) {
  let depth = 0;
  let index = from;
  for (; index < source.length; index++) {
    const character = source[index];
    if (character === opening) depth++;
    else if (character === closing && depth-- === 0) break;
    else if (character === '"' || character === "'") index = source.indexOf(character, index + 1);
    else if (character === "`") index = endOfTemplate(source, index + 1);
  }
  return index;
}

function endOfTemplate(source, from) {
  const last = templateTexts(source, from).at(-1);
  return last.start + last.text.length;
}

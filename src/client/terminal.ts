import { stripVTControlCharacters, styleText } from "node:util";

const TITLE_COLUMNS = 12;
const INDENT = " ".repeat(TITLE_COLUMNS + 4);
const ERASE_LINE = "\r\x1b[2K";

/** Prints progress in short aligned lines. On a terminal, one line is updated in place. */
export class Terminal {
  #step = 0;
  #live = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** Whether a line can be overwritten. Otherwise progress is printed in whole lines. */
  get interactive(): boolean {
    return this.stream.isTTY === true;
  }

  heading(text: string): void {
    this.#write(`\n${this.#style("bold", text)}\n\n`);
  }

  /** Prints the title of the next step with its number. */
  step(title: string, text: string): void {
    this.#step += 1;
    const number = String(this.#step).padStart(2);
    this.#write(`${number}  ${this.#style("bold", title.padEnd(TITLE_COLUMNS))}${text}\n`);
  }

  detail(text: string): void {
    this.#write(`${INDENT}${text}\n`);
  }

  /** Overwrites the current line with new progress. The next whole line replaces it. */
  live(text: string): void {
    if (!this.interactive) return;
    // Some terminals report no width or a width of 0.
    const columns = this.stream.columns || 80;
    this.stream.write(`${ERASE_LINE}${`${INDENT}${text}`.slice(0, columns - 1)}`);
    this.#live = true;
  }

  dim(text: string): string {
    return this.#style("dim", text);
  }

  good(text: string): string {
    return this.#style("green", text);
  }

  bad(text: string): string {
    return this.#style("red", text);
  }

  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  #write(text: string): void {
    this.stream.write(this.#live ? ERASE_LINE + text : text);
    this.#live = false;
  }

  /** Colors text on a terminal, unless NO_COLOR is set. */
  #style(format: "bold" | "dim" | "green" | "red", text: string): string {
    return styleText(format, text, { stream: this.stream });
  }
}

/** Formats rows in aligned columns with two spaces between them. */
export function table(
  rows: readonly (readonly string[])[],
  columns: readonly ("left" | "right")[],
): string[] {
  const widthOf = (text: string): number => stripVTControlCharacters(text).length;
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))));
  return rows.map((row) =>
    columns
      .map((side, column) => {
        const text = row[column] ?? "";
        const space = " ".repeat((widths[column] ?? 0) - widthOf(text));
        return side === "left" ? text + space : space + text;
      })
      .join("  ")
      .trimEnd(),
  );
}

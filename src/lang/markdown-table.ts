/** A table in Markdown, ending with a line break. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [titles, titles.map(() => "---"), ...rows].map(line).join("");
}

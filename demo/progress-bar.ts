/** Eighths of a cell, so that a bar of 24 cells has 192 steps. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** Draws a bar of exactly `cells` characters that is filled to `fraction`, which is clamped to [0, 1]. */
export function progressBar(fraction: number, cells: number): string {
  const clamped = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  const eighths = Math.floor(clamped * cells * 8);
  const filled = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return filled.padEnd(cells, "░");
}

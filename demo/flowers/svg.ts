/** Builds the SVG elements of the flowers. Numbers are rounded to keep the text short. */

export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? rounded(value) : value}"`)
    .join("");
  return `<${name}${list}>${content}</${name}>`;
}

/** Joins path data and rounds its numbers. */
export function pathData(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === "number" ? rounded(part) : part)).join(" ");
}

export function group(transform: string, content: string, attributes: Attributes = {}): string {
  return element("g", { transform, ...attributes }, content);
}

export function turned(degrees: number, content: string): string {
  return group(`rotate(${rounded(degrees)})`, content);
}

/** A gradient along a line, in the coordinates of the filled shape. */
export function linearGradient(
  id: string,
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
  colors: readonly string[],
): string {
  return element(
    "linearGradient",
    { id, gradientUnits: "userSpaceOnUse", x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
    stops(colors),
  );
}

/** A gradient from a center outwards, in the coordinates of the filled shape. */
export function radialGradient(
  id: string,
  center: readonly [x: number, y: number],
  radius: number,
  colors: readonly string[],
): string {
  return element(
    "radialGradient",
    { id, gradientUnits: "userSpaceOnUse", cx: center[0], cy: center[1], r: radius },
    stops(colors),
  );
}

export function image(width: number, height: number, content: string): string {
  return element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    content,
  );
}

function stops(colors: readonly string[]): string {
  const last = Math.max(1, colors.length - 1);
  return colors
    .map((color, index) => element("stop", { offset: index / last, "stop-color": color }))
    .join("");
}

function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

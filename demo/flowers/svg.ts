/** The few pieces of SVG that the flowers are made of. Numbers are rounded, which keeps the text short. */

export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? rounded(value) : value}"`)
    .join("");
  return `<${name}${list}>${content}</${name}>`;
}

/** Path data: letters as they are, numbers rounded. */
export function pathData(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === "number" ? rounded(part) : part)).join(" ");
}

export function group(transform: string, content: string, attributes: Attributes = {}): string {
  return element("g", { transform, ...attributes }, content);
}

export function turned(degrees: number, content: string): string {
  return group(`rotate(${rounded(degrees)})`, content);
}

/** Colours along a line in the coordinates of the shape that it fills. */
export function linearGradient(
  id: string,
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
  colours: readonly string[],
): string {
  return element(
    "linearGradient",
    { id, gradientUnits: "userSpaceOnUse", x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
    stops(colours),
  );
}

/** Colours from a centre outwards, in the coordinates of the shape that it fills. */
export function radialGradient(
  id: string,
  centre: readonly [x: number, y: number],
  radius: number,
  colours: readonly string[],
): string {
  return element(
    "radialGradient",
    { id, gradientUnits: "userSpaceOnUse", cx: centre[0], cy: centre[1], r: radius },
    stops(colours),
  );
}

export function picture(width: number, height: number, content: string): string {
  return element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    content,
  );
}

function stops(colours: readonly string[]): string {
  const last = Math.max(1, colours.length - 1);
  return colours
    .map((colour, index) => element("stop", { offset: index / last, "stop-color": colour }))
    .join("");
}

function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

// XML of a picture: escaped text, elements, numbers.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its attributes and content, which is XML already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeXml(typeof value === "number" ? rounded(value) : value)}"`],
  );
  const inner = content.join("");
  return inner === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inner}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that means itself in an element and in an attribute; what no XML may hold is left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
}

/** A tenth of a pixel is enough. */
export function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

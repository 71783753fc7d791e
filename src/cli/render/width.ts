/** Characters in a line of running text: the terminal's, within what reads well; 80 where there is no terminal. */
export function textWidth(columns: number | undefined = process.stdout.columns): number {
  return columns === undefined ? 80 : Math.min(Math.max(columns, 40), 100);
}

/** Characters as a reader counts them. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Text without what moves a terminal's cursor or begins a line, whoever wrote it. */
export function singleLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
}

/** At most `width` characters; what does not fit is cut, and the last character says so. */
export function cutTo(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** Lines of at most `width` characters, divided at spaces; a word that is longer is divided where it must be. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of singleLine(text)
    .split(" ")
    .flatMap((word) => pieces(word, width))) {
    const longer = line === "" ? piece : `${line} ${piece}`;
    if (line !== "" && lengthOf(longer) > width) {
      lines.push(line);
      line = piece;
    } else line = longer;
  }
  return [...lines, line];
}

/** A text after its head; further lines stand below the text. */
export function hangingLines(head: string, text: string, width: number): string[] {
  const lines = wrapWords(text, Math.max(width - lengthOf(head), 8));
  return lines.map((line, index) => `${index === 0 ? head : " ".repeat(lengthOf(head))}${line}`.trimEnd());
}

function pieces(word: string, width: number): string[] {
  const characters = Array.from(word);
  const count = Math.max(1, Math.ceil(characters.length / width));
  return Array.from({ length: count }, (_, index) => characters.slice(index * width, (index + 1) * width).join(""));
}

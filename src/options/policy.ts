// Check strings of oslo.policy, read as oslo_policy/_parser.py reads them: shift, then reduce as long as something fits.

/** One check of a check string: `role:admin`. */
export interface Check {
  readonly kind: string;
  readonly match: string;
}

export type ParsedRule =
  { readonly type: "rule"; readonly checks: readonly Check[] } | { readonly type: "wrong"; readonly why: string };

type Token = "(" | ")" | "and" | "or" | "not" | "check" | "and_expr" | "or_expr" | "string";

/** Ends of the row of tokens that become one, in the order in which oslo.policy tries them. */
const REDUCTIONS: readonly (readonly [readonly Token[], Token])[] = [
  [["(", "check", ")"], "check"],
  [["(", "and_expr", ")"], "check"],
  [["(", "or_expr", ")"], "check"],
  [["check", "and", "check"], "and_expr"],
  [["or_expr", "and", "check"], "or_expr"],
  [["and_expr", "and", "check"], "and_expr"],
  [["check", "or", "check"], "or_expr"],
  [["and_expr", "or", "check"], "or_expr"],
  [["or_expr", "or", "check"], "or_expr"],
  [["not", "check"], "check"],
];

/**
 * Reads a check string. What oslo.policy cannot read it takes for `!`: everybody is refused, and a line in the log says so.
 * The empty string allows everything.
 */
export function parseCheck(text: string): ParsedRule {
  if (text === "") return { type: "rule", checks: [] };
  const checks: Check[] = [];
  const tokens: Token[] = [];
  for (const { word, token } of words(text)) {
    if (token === "check" && word !== "!" && word !== "@") {
      const check = checkOf(word);
      if (typeof check === "string") return { type: "wrong", why: check };
      checks.push(check);
    }
    tokens.push(token);
    reduce(tokens);
  }
  const [only, ...more] = tokens;
  if (more.length === 0 && (only === "check" || only === "and_expr" || only === "or_expr"))
    return { type: "rule", checks };
  return { type: "wrong", why: whyNot(tokens) };
}

interface Word {
  readonly word: string;
  readonly token: Token;
}

/** Words as oslo.policy cuts them: brackets count only at the edges of what spaces separate. */
function words(text: string): Word[] {
  return text.split(/\s+/u).flatMap((part) => {
    const inner = part.replace(/^\(+/, "");
    const opening = part.slice(0, part.length - inner.length);
    const word = inner.replace(/\)+$/, "");
    // A text in quotes before a bracket is none to oslo.policy, which looks at both together.
    const middle = word === "" ? [] : [{ word, token: tokenOf(word, word === inner) }];
    return [...brackets("(", opening.length), ...middle, ...brackets(")", inner.length - word.length)];
  });
}

function brackets(bracket: "(" | ")", count: number): Word[] {
  return Array.from({ length: count }, () => ({ word: bracket, token: bracket }));
}

function tokenOf(word: string, alone: boolean): Token {
  const lowered = word.toLowerCase();
  if (lowered === "and" || lowered === "or" || lowered === "not") return lowered;
  return alone && word.length >= 2 && /^(["']).*\1$/s.test(word) ? "string" : "check";
}

/** The check, or why it is none. */
function checkOf(word: string): Check | string {
  const colon = word.indexOf(":");
  if (colon < 0) return `${JSON.stringify(word)} is no check: it has a kind before a colon, like role:admin`;
  const check = { kind: word.slice(0, colon), match: word.slice(colon + 1) };
  const wrong = check.match.replaceAll(/%\([^)]*\)[sdr]|%%/g, "").includes("%");
  return wrong && check.kind !== "rule"
    ? `${JSON.stringify(word)}: what follows a % is not like %(project_id)s`
    : check;
}

function reduce(tokens: Token[]): void {
  for (;;) {
    const found = REDUCTIONS.find(([end]) =>
      end.every((token, at) => tokens[tokens.length - end.length + at] === token),
    );
    if (found === undefined) return;
    tokens.splice(-found[0].length, found[0].length, found[1]);
  }
}

function whyNot(tokens: readonly Token[]): string {
  const count = (one: Token): number => tokens.filter((token) => token === one).length;
  if (tokens.includes("string")) return "a text in quotes stands alone; a check has a kind before a colon";
  if (count("(") > count(")")) return "a bracket is not closed";
  if (count(")") > count("(")) return "a bracket closes that none opened";
  const last = tokens.at(-1);
  if (last === "and" || last === "or" || last === "not") return `nothing follows the last "${last}"`;
  return 'between two checks stands "and" or "or"';
}

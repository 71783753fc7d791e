import type { Finding, Path } from "../api/walk.ts";
import type { PolicyRule } from "../oslo/catalogue.ts";
import type { Hints } from "./judge-limits.ts";
import { parseCheck } from "./policy.ts";

/** What is wrong with a service's `policy`, which stands at `path`. `rules` are those that the service registers. */
export function judgePolicy(
  service: string,
  path: Path,
  given: Readonly<Record<string, unknown>>,
  { rules, hints }: { readonly rules: readonly PolicyRule[] | undefined; readonly hints: Hints },
): Finding[] {
  const known = new Map((rules ?? []).map((rule) => [rule.name, rule]));
  const older = new Map((rules ?? []).flatMap((rule) => olderName(rule)));
  const texts = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const graph = new RuleGraph(known, texts, hints);
  return texts.flatMap(([name, text]): Finding[] => {
    const at = [...path, name].join(".");
    const error = (code: string, message: string): Finding => ({ path: at, severity: "error", code, message });
    const warning = (code: string, message: string): Finding => ({ path: at, severity: "warning", code, message });
    const parsed = parseCheck(text);
    const rule = known.get(name);
    const today = older.get(name);
    const found: Finding[] = [];
    if (parsed.type === "wrong")
      found.push(error("value", `The rule cannot be read: ${parsed.why}. Example: "role:admin or rule:owner"`));
    else if (rules !== undefined) found.push(...graph.problems(name).map((why) => error("value", why)));
    if (rule === undefined && today !== undefined)
      found.push(warning("older-name", `The rule's name is ${today} now. Write that instead`));
    else if (rules !== undefined && rule === undefined && !graph.used(name))
      found.push(error("unknown", unknownRule(service, name, hints.nearest(name, [...known.keys()]))));
    if (rule?.deprecated?.removed === true)
      found.push(warning("deprecated", "The rule will go away in a later release"));
    if (rule !== undefined && rule.default === text)
      found.push(
        warning("equals-default", "The rule is the default: without it a better default of a later release holds"),
      );
    return found;
  });
}

function olderName(rule: PolicyRule): [string, string][] {
  const name = rule.deprecated?.name;
  return name === undefined || name === rule.name ? [] : [[name, rule.name]];
}

function unknownRule(service: string, name: string, meant: string | undefined): string {
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return `${service} has no rule ${JSON.stringify(name)}, and no other rule here refers to it.${hint}`;
}

/** Which rules refer to which: the Cloud's, else the service's defaults. */
class RuleGraph {
  readonly #known: ReadonlyMap<string, PolicyRule>;
  readonly #given: ReadonlyMap<string, string>;
  readonly #references = new Map<string, readonly string[]>();
  readonly #hints: Hints;
  #used: ReadonlySet<string> | undefined;

  constructor(known: ReadonlyMap<string, PolicyRule>, given: readonly (readonly [string, string])[], hints: Hints) {
    this.#hints = hints;
    this.#known = known;
    this.#given = new Map(given);
  }

  /** Another rule of the Cloud refers to it. */
  used(name: string): boolean {
    this.#used ??= new Set(
      [...this.#given.keys()].flatMap((from) => this.#from(from).filter((reference) => reference !== from)),
    );
    return this.#used.has(name);
  }

  /** References to rules that there are not, and circles, in words. */
  problems(name: string): string[] {
    const missing = this.#from(name).filter((to) => !this.#known.has(to) && !this.#given.has(to));
    const circle = this.#circle(name);
    return [
      ...[...new Set(missing)].map((to) => {
        const meant = this.#hints.nearest(to, [...this.#known.keys(), ...this.#given.keys()]);
        return `It refers to rule:${to}, which there is not.${meant === undefined ? "" : ` Did you mean rule:${meant}?`}`;
      }),
      ...(circle === undefined ? [] : [`The rule depends on itself: ${circle.join(" → ")}`]),
    ];
  }

  #from(name: string): readonly string[] {
    const known = this.#references.get(name);
    if (known !== undefined) return known;
    const text = this.#given.get(name) ?? this.#known.get(name)?.default ?? "";
    const parsed = parseCheck(text);
    const found = parsed.type === "wrong" ? [] : parsed.checks.filter(({ kind }) => kind === "rule");
    const names = found.map(({ match }) => match);
    this.#references.set(name, names);
    return names;
  }

  /** The way from the rule to itself, breadth first; each rule is visited once. */
  #circle(start: string): readonly string[] | undefined {
    const seen = new Set<string>();
    const waiting: (readonly string[])[] = [[start]];
    for (let way = waiting.shift(); way !== undefined; way = waiting.shift()) {
      for (const next of this.#from(way.at(-1) ?? "")) {
        if (next === start) return [...way, start];
        if (seen.has(next)) continue;
        seen.add(next);
        waiting.push([...way, next]);
      }
    }
    return undefined;
  }
}

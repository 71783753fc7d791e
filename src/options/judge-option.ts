// One option of a Cloud: known, allowed to be set, in the right place, of a right value, and what to think of it.
import { isDeepStrictEqual } from "node:util";
import type { Finding, Path } from "../api/walk.ts";
import type { CatalogueChange, CatalogueOption, JsonValue, OptionName, OptionType } from "../oslo/catalogue.ts";
import { judgeValue, type OptionValue } from "../oslo/judge.ts";
import { tooLong, unwritable } from "./judge-limits.ts";
import { type Given, releaseOf, same, type Scope } from "./judge-scope.ts";
import { unknownOption } from "./judge-unknown.ts";
import { valueWords } from "./words.ts";

type Told = (severity: Finding["severity"], code: string, message: string) => Finding;

function teller(path: Path): Told {
  return (severity, code, message) => ({ path: path.join("."), severity, code, message });
}

/** Everything that is to be said of an option under `options`. */
export function judgeOption(scope: Scope, given: Given): Finding[] {
  const tell = teller(given.path);
  const option = scope.find(given);
  const held = heldBack(scope, given, option);
  if (held !== undefined) return [held];
  if (option === undefined) return [unknownOption(scope, given)];
  const long = tooLong(given.value);
  if (long !== undefined) return [tell("error", "value", valueMessage(long))];
  const verdict = judgeValue(option, given.value as OptionValue, scope.lookup);
  if (verdict.verdict === "reject") return [rejected(scope, given, verdict.reason), ...nameNotes(given, option)];
  const notes = [...nameNotes(given, option), ...optionNotes(scope, given, option)];
  if (verdict.verdict === "unchecked")
    notes.push(tell("warning", "unchecked-value", `Only ${scope.service} itself can judge the value: ${verdict.why}`));
  else if (isDefault(scope, option, given, verdict.value))
    notes.push(
      tell(
        "warning",
        "equals-default",
        "The value is the default: without it a better default of a later release holds",
      ),
    );
  return notes;
}

/** What is to be said of an option under `uncheckedOptions`: its value and whether it exists are not judged. */
export function judgeUnchecked(scope: Scope, given: Given): Finding[] {
  const tell = teller(given.path);
  const option = scope.find(given);
  const held = heldBack(scope, given, option);
  if (held !== undefined) return [held];
  const written = unwritable(given.group, given.name, given.value);
  if (written !== undefined) return [tell("error", "value", written)];
  const known = option === undefined ? "" : `. ${releaseOf(scope)} knows it: under options it would be checked`;
  return [tell("warning", "unchecked-option", `Nothing checks this option${known}`)];
}

/** What is to be said of an item of `secretOptions`; `elsewhere` are the groups under `uncheckedOptions`. */
export function judgeSecret(scope: Scope, given: Given, elsewhere: readonly string[]): Finding[] {
  const tell = teller(given.path);
  const option = scope.find(given);
  if (option === undefined && elsewhere.includes(given.group))
    return [tell("warning", "unchecked-option", "Nothing checks this option: its group is among uncheckedOptions")];
  if (option === undefined) return [unknownOption(scope, given)];
  const owned = ownedBy(scope, given, option);
  if (owned !== undefined) return [tell("error", "owned", owned)];
  const notes = [...nameNotes(given, option), ...nextNotes(scope, given, option)];
  if (option.secret !== true)
    notes.push(tell("warning", "not-secret", "It is no secret: under options its value would be checked"));
  return notes;
}

/** Why the Cloud cannot have the option at all, or not in plain. */
function heldBack(scope: Scope, given: Given, option: CatalogueOption | undefined): Finding | undefined {
  const tell = teller(given.path);
  const owned = ownedBy(scope, given, option);
  if (owned !== undefined) return tell("error", "owned", owned);
  if (option?.secret !== true) return undefined;
  const { group, name } = given;
  const reference = `{group: ${group}, option: ${name}, secretRef: {name: ${scope.service}-${name.replaceAll("_", "-")}, key: value}}`;
  return tell(
    "error",
    "secret",
    `It is a secret, and here everybody can read it who reads the Cloud. Put the value into a Secret of the Cloud's namespace, and refer to it. Example: secretOptions: [${reference}]`,
  );
}

function ownedBy(scope: Scope, given: OptionName, option: CatalogueOption | undefined): string | undefined {
  const claim =
    scope.claims.ownership(scope.service, given) ??
    (option === undefined ? undefined : scope.claims.ownership(scope.service, option));
  if (claim === undefined) return undefined;
  const instead = claim.field === undefined ? "Leave it out" : `Instead use ${claim.field}`;
  return `It is Underpin's: ${claim.why}. ${instead}`;
}

/** A value with references to what Underpin sets cannot be judged before it is set. */
function rejected(scope: Scope, given: Given, reason: string): Finding {
  const tell = teller(given.path);
  const names = [...JSON.stringify(given.value).matchAll(/\$\{?([\w.-]+)/g)].map(([, name]) => name ?? "");
  const ours = names.some((name) => {
    const dot = name.lastIndexOf(".");
    const spots = [{ group: dot < 0 ? given.group : name.slice(0, dot), name: name.slice(dot + 1) }];
    return [...spots, { group: "DEFAULT", name }].some(
      (spot) =>
        scope.claims.ownership(scope.service, spot) !== undefined ||
        scope.claims.preset(scope.service, spot) !== undefined,
    );
  });
  return ours
    ? tell("warning", "unchecked-value", "The value refers to what Underpin sets, and is not judged")
    : tell("error", "value", valueMessage(reason));
}

/** A verdict's reason, which says what is allowed and what was given, or what a file cannot carry. */
function valueMessage(reason: string): string {
  return reason.includes("given: ") ? `Allowed: ${reason}` : `It ${reason}`;
}

function nameNotes(given: Given, option: CatalogueOption): Finding[] {
  const sameGroup = option.group.toLowerCase() === given.group.toLowerCase();
  const dynamic = !sameGroup && option.olderNames?.some(({ group, name }) => same({ group, name }, given)) !== true;
  if (option.name.replaceAll("-", "_") === given.name.replaceAll("-", "_") && (sameGroup || dynamic)) return [];
  const group = dynamic ? given.group : option.group;
  const message = `The option's name is ${group}.${option.name} now. Write that instead. Example: {${group}: {${option.name}: ${valueWords(given.value as never)}}}`;
  return [teller(given.path)("warning", "older-name", message)];
}

function optionNotes(scope: Scope, given: Given, option: CatalogueOption): Finding[] {
  const tell = teller(given.path);
  const found: Finding[] = [];
  const unread = notRead(scope, option);
  if (unread !== undefined) found.push(tell("warning", "not-read", unread));
  if (option.deprecated !== undefined) {
    const { reason, since } = option.deprecated;
    const from = since === undefined ? "" : ` since ${since}`;
    found.push(
      tell("warning", "deprecated", `It is deprecated${from}${reason === undefined ? "" : `: ${line(reason)}`}`),
    );
  }
  if (option.advanced === true)
    found.push(
      tell(
        "warning",
        "advanced",
        `It is for advanced use. Read before: underpin explain ${scope.service}.${option.group}.${option.name}`,
      ),
    );
  return [...found, ...nextNotes(scope, given, option)];
}

/** That setting it here has no effect; undefined when somebody reads it. */
function notRead({ component }: Scope, { readBy }: CatalogueOption): string | undefined {
  if (readBy === undefined) return undefined;
  if (readBy.length === 0) return "No process of the cloud reads it";
  if (component === undefined || readBy.includes(component)) return undefined;
  return `${component} does not read it; ${readBy.join(", ")} ${readBy.length === 1 ? "does" : "do"}`;
}

/** What the next release changes of it. */
function nextNotes(scope: Scope, given: Given, option: CatalogueOption): Finding[] {
  const { next } = scope.data;
  if (next === undefined) return [];
  const own = next.changes.filter((change) => same(change, option));
  return own.flatMap((change) => {
    const note = change.change === "type" ? typeNote(change, option, given) : changeNote(change);
    return note === undefined ? [] : [teller(given.path)("warning", note.code, `In ${next.release} ${note.text}`)];
  });
}

function changeNote(change: CatalogueChange): { code: string; text: string } | undefined {
  const to = change.to === undefined ? "" : `${change.to.group}.${change.to.name}`;
  switch (change.change) {
    case "removed":
      return { code: "next-removed", text: to === "" ? "it is gone" : `it is gone; ${to} takes its place` };
    case "renamed":
      return { code: "next-renamed", text: `its name is ${to}` };
    case "default": {
      const [before, after] = [short(change.before), short(change.after)];
      return { code: "next-default", text: `its default is ${after} instead of ${before}` };
    }
    default:
      return undefined;
  }
}

/** That the next release's type refuses the value; undefined when it does not, or there is no value to see. */
function typeNote(
  change: CatalogueChange,
  { multi: _multi, ...option }: CatalogueOption,
  { value }: Given,
): ReturnType<typeof changeNote> {
  if (value === undefined) return undefined;
  const { multi, ...type } = change.after as unknown as OptionType & { readonly multi?: true };
  const later: CatalogueOption = { ...option, type, ...(multi === undefined ? {} : { multi }) };
  const verdict = judgeValue(later, value as OptionValue);
  if (verdict.verdict !== "reject") return undefined;
  return { code: "next-type", text: `the value is refused. ${valueMessage(verdict.reason)}` };
}

function short(value: JsonValue | undefined): string {
  const text = valueWords(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

function isDefault(scope: Scope, option: CatalogueOption, given: Given, value: unknown): boolean {
  if (option.default === undefined || scope.overrides(option, given.group)) return false;
  if (scope.claims.preset(scope.service, { group: given.group, name: option.name }) !== undefined) return false;
  return isDeepStrictEqual(value, option.default) || isDeepStrictEqual(given.value, option.default);
}

/** The first line of a text that may have several. */
function line(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
}

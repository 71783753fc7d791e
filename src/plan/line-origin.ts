// Where a line of a configuration file comes from, as data and in words.
import type { LineChange } from "./configuration.ts";

/** Why a line says what it says. */
export type LineOrigin =
  /** The release's default: no file has the line. */
  | { readonly from: "default" }
  | { readonly from: "profile"; readonly profile: string }
  /** `owned`: no option of the Cloud changes it. `field`: the field of the Cloud that decides it. */
  | { readonly from: "underpin"; readonly owned: boolean; readonly why?: string; readonly field?: string }
  /** Where the Cloud says it, `["spec", "services", "nova", "options", "DEFAULT", "debug"]`; list items by index. */
  | { readonly from: "user"; readonly path: readonly string[] };

/** Where the two sides of a changed line come from. A side of which nothing is known, or that is not there, is absent. */
export interface LineOrigins {
  readonly before?: LineOrigin;
  readonly after?: LineOrigin;
}

/** `spec.services.nova.options.DEFAULT.debug, before the release's default`; undefined when nothing is known. Pure. */
export function originWords({ from }: LineChange): string | undefined {
  const [before, after] = [from?.before, from?.after].map((one) => (one === undefined ? undefined : words(one)));
  if (after === undefined) return before === undefined ? undefined : `before ${before}`;
  return before === undefined || before === after ? after : `${after}, before ${before}`;
}

function words(origin: LineOrigin): string {
  switch (origin.from) {
    case "default":
      return "the release's default";
    case "profile":
      return `profile ${origin.profile}`;
    case "underpin": {
      const by = origin.field === undefined ? "" : `, by ${origin.field}`;
      return `Underpin${by}${origin.why === undefined ? "" : ` (${origin.why})`}`;
    }
    case "user":
      return pathText(origin.path);
  }
}

/** `spec.services.nova.policy["os_compute_api:servers"]`; list items by index, `pools[0]`. Pure. */
export function pathText(path: readonly string[]): string {
  return path.reduce((text, part) => {
    if (/^\d+$/.test(part)) return `${text}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

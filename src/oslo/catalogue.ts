// The options of a release as data: what src/releases loads, what src/oslo judges by, and what the dumper writes.

/**
 * A type of oslo.config (oslo_config/types.py) with everything that it constrains. Whole numbers beyond 2^53 are text.
 * `unchecked` is a type of a service's own whose verdict only its code can give.
 */
export type OptionType =
  | {
      readonly kind: "string";
      /** With `ignoreCase`, matched whatever their case; the value keeps the spelling that it was given. */
      readonly choices?: readonly (string | null)[];
      readonly ignoreCase?: boolean;
      /** One pair of equal quotes around the value is taken away. */
      readonly quotes?: boolean;
      /** A regular expression of Python, searched for, not matched whole; `ignoreCase` holds for it, too. */
      readonly regex?: string;
      readonly maxLength?: number;
    }
  | { readonly kind: "boolean" }
  | {
      readonly kind: "integer" | "port";
      readonly min?: number | string;
      readonly max?: number | string;
      readonly choices?: readonly (number | string | null)[];
    }
  | { readonly kind: "float"; readonly min?: number; readonly max?: number }
  /** With `bounds`, the whole stands in square brackets. */
  | { readonly kind: "list"; readonly item: OptionType; readonly bounds?: boolean; readonly minLength?: number }
  /** With `bounds`, the whole stands in braces. */
  | {
      readonly kind: "dict";
      readonly value: OptionType;
      readonly bounds?: boolean;
      readonly separator?: string;
      readonly minLength?: number;
    }
  | { readonly kind: "range"; readonly min?: number; readonly max?: number; readonly inclusive: boolean }
  | { readonly kind: "ip"; readonly version?: 4 | 6 }
  | { readonly kind: "host"; readonly version?: 4 | 6 }
  | { readonly kind: "hostname" }
  | { readonly kind: "hostdomain"; readonly version?: 4 | 6 }
  | { readonly kind: "uri"; readonly maxLength?: number; readonly schemes?: readonly string[] }
  /** Every text is taken, and none is used: the value is null. */
  | { readonly kind: "ignored" }
  | { readonly kind: "unchecked"; readonly name: string };

/** A value as JSON says it: what oslo.config has in hand after it read an option. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Where an option is, or was: `DEFAULT` and `debug`. */
export interface OptionName {
  readonly group: string;
  readonly name: string;
}

/** One option that a service's processes know. */
export interface CatalogueOption extends OptionName {
  readonly type: OptionType;
  /** The key may stand several times, and each is a value. */
  readonly multi?: true;
  /** As the service has it when no file says otherwise, `$name` not yet replaced. Absent: there is none, or `fromMachine`. */
  readonly default?: JsonValue;
  /** The default is a fact of the machine, like its name or the number of its CPUs: the sample's words tell which. */
  readonly fromMachine?: true;
  /** What a sample shows instead of the default. */
  readonly sampleDefault?: JsonValue;
  readonly secret?: true;
  readonly mutable?: true;
  readonly advanced?: true;
  readonly required?: true;
  /** Present: the option will go away, or does nothing any more. */
  readonly deprecated?: { readonly reason?: string; readonly since?: string };
  /** Names by which it is still read. */
  readonly olderNames?: readonly OptionName[];
  /** Name in its Python code, where it differs: never today, since `name` is what stands in a file. */
  readonly dest?: string;
  readonly help?: string;
  /** Namespaces of `oslo.config.opts` that list it: `nova.conf`, `oslo.messaging`. Empty: no sample shows it, yet a process registers it. */
  readonly namespaces: readonly string[];
  /** Components whose code can ask for it; absent: every component of the service. Empty: what reads it is run by no Cloud. */
  readonly readBy?: readonly string[];
}

/** Groups whose names the operator chooses: backends of cinder, stores of glance, … */
export interface DynamicGroups {
  /** The option that lists the groups' names: `DEFAULT.enabled_backends`. For a map the keys are the names. */
  readonly listedIn: OptionName;
  /** The group of the catalogue whose options each of them has. */
  readonly like: string;
  /** What stands before a listed name to make the group's: `mdev_` for `devices.enabled_mdev_types`. */
  readonly prefix?: string;
}

/** What all options of a service have in common; `digest` says of which image they are. */
export interface CatalogueHead {
  readonly release: string;
  readonly service: string;
  /** Hash of the recipe of the image that they were read from. */
  readonly image: string;
  /** The service's components (our names), whose processes' options they are. */
  readonly components: readonly string[];
  readonly dynamic: readonly DynamicGroups[];
}

/** The options of a service; a group's options are read when it is first asked for. */
export interface Catalogue extends CatalogueHead {
  readonly groups: readonly string[];
  /**
   * By today's name, then by older names. A group's name is compared as oslo.config does, whatever its case but for
   * DEFAULT. Undefined: no process of the service knows it.
   */
  find(group: string, name: string): CatalogueOption | undefined;
  /** In order of name; empty for a group that there is not. */
  options(group: string): readonly CatalogueOption[];
}

/** A rule of a service's API policy, as oslo.policy registered it. */
export interface PolicyRule {
  readonly name: string;
  /** The check string. */
  readonly default: string;
  readonly scopes?: readonly string[];
  readonly description?: string;
  readonly operations?: readonly { readonly method: string; readonly path: string }[];
  readonly deprecated?: {
    readonly name?: string;
    readonly rule?: string;
    readonly reason?: string;
    readonly since?: string;
    /** The rule itself will go away. */
    readonly removed?: true;
  };
}

/** What differs between two releases of a service. */
export interface CatalogueChange extends OptionName {
  readonly change: "added" | "removed" | "renamed" | "default" | "type" | "deprecated";
  /** For `renamed`: the name in the later release. */
  readonly to?: OptionName;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

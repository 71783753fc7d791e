// What is wrong with the options and policies of a Cloud, all at once. The webhook and `underpin check` both ask this.
import { type Fields, type Finding, isFields, type Path } from "../api/walk.ts";
import type { CatalogueOption, OptionName } from "../oslo/catalogue.ts";
import { lookupIn } from "../oslo/interpolation.ts";
import type { OptionValue } from "../oslo/judge.ts";
import type { JudgeData, ServiceData } from "./judge-data.ts";
import { Hints, tooLarge } from "./judge-limits.ts";
import { judgeOption, judgeSecret, judgeUnchecked } from "./judge-option.ts";
import { judgePolicy } from "./judge-policy.ts";
import type { Given, Scope } from "./judge-scope.ts";
import { unknownGroup } from "./judge-unknown.ts";

type Options = Readonly<Record<string, Fields>>;

/** Options as the Cloud has them at one place. */
interface Layer {
  readonly path: Path;
  readonly options: Options;
  readonly component?: string;
}

/**
 * Everything that is to be said of a Cloud's options, in the order of the Cloud; of what has a wrong shape `judgeCloud`
 * speaks. `cloud` is the Cloud as it was written. Never throws for what is in it.
 */
export function judgeOptions(cloud: unknown, data: JudgeData): readonly Finding[] {
  const spec = fieldsOf(fieldsOf(cloud)["spec"]);
  const services = fieldsOf(spec["services"]);
  const hints = new Hints();
  const found = [...data.services].flatMap(([name, serviceData]) => {
    const judge = new ServiceJudge(name, serviceData, { data, hints });
    return judge.findings(fieldsOf(services[name]), name === "nova" ? poolLayers(spec) : []);
  });
  return [...(data.services.size === 0 ? [] : imageNotes(spec)), ...found];
}

/** Options belong to an image: those of one that is not the release's are not known. */
function imageNotes(spec: Fields): Finding[] {
  return itemsOf(fieldsOf(spec["images"])["overrides"])
    .filter(([, { name }]) => name === "openstack")
    .map(([index]) => ({
      path: `spec.images.overrides.${index}.image`,
      severity: "warning",
      code: "other-image",
      message: "Options are judged by those of the release's own image; this one may have others",
    }));
}

/** Options of nova-compute on the nodes of a pool. */
function poolLayers(spec: Fields): Layer[] {
  return itemsOf(fieldsOf(spec["compute"])["pools"]).map(([index, pool]) => ({
    path: ["spec", "compute", "pools", index, "options"],
    options: optionsOf(pool["options"]),
    component: "compute",
  }));
}

class ServiceJudge {
  readonly #name: string;
  readonly #data: ServiceData;
  readonly #context: { readonly data: JudgeData; readonly hints: Hints };

  constructor(name: string, data: ServiceData, context: { readonly data: JudgeData; readonly hints: Hints }) {
    this.#name = name;
    this.#data = data;
    this.#context = context;
  }

  findings(service: Fields, pools: readonly Layer[]): Finding[] {
    const path: Path = ["spec", "services", this.#name];
    const whole: Layer = { path: [...path, "options"], options: optionsOf(service["options"]) };
    const components = itemsOf(service["components"]);
    const own = components.map(([index, component]): Layer => ({
      path: [...path, "components", index, "options"],
      options: optionsOf(component["options"]),
      component: String(component["name"]),
    }));
    const unchecked: Layer = { path: [...path, "uncheckedOptions"], options: optionsOf(service["uncheckedOptions"]) };
    const policy = fieldsOf(service["policy"]);
    const huge = [...[whole, ...own, ...pools, unchecked].map(sizeFinding), tooLarge([...path, "policy"], policy)];
    const refused = huge.filter((finding) => finding !== undefined);
    if (refused.length > 0) return refused;
    return [
      ...this.#layer(whole, []),
      ...components.flatMap(([index, component]) => this.#component([...path, "components", index, "name"], component)),
      ...own.flatMap((layer) => this.#layer(layer, [whole])),
      ...pools.flatMap((layer) => this.#layer(layer, [whole, ...own.filter((one) => one.component === "compute")])),
      ...this.#backends(path, service, whole),
      ...this.#unchecked(unchecked),
      ...this.#secrets([...path, "secretOptions"], service, unchecked.options),
      ...judgePolicy(this.#name, [...path, "policy"], policy, { rules: this.#data.policy, hints: this.#context.hints }),
    ];
  }

  /** A component's name decides who reads its options: one that nobody has would be passed over. */
  #component(path: Path, component: Fields): Finding[] {
    const { components } = this.#data.catalogue;
    const { name } = component;
    if (typeof name !== "string" || components.includes(name)) return [];
    const meant = this.#context.hints.nearest(name, components);
    const hint = meant === undefined ? `Its components: ${components.join(", ")}` : `Did you mean ${meant}?`;
    const message = `${this.#name} has no component ${JSON.stringify(name)}. ${hint}`;
    return [{ path: path.join("."), severity: "error", code: "unknown", message }];
  }

  /** `wider` are the layers that it is laid over, the widest first. */
  #layer(layer: Layer, wider: readonly Layer[]): Finding[] {
    const scope = this.#scope([...wider, layer], layer.component);
    return Object.entries(layer.options).flatMap(([group, options]) => {
      const path = [...layer.path, group];
      const entries = Object.entries(options);
      if (entries.length > 1 && !entries.some(([name]) => scope.find({ group, name }) !== undefined)) {
        const finding = unknownGroup(scope, path, group);
        if (finding !== undefined) return [finding];
      }
      return entries.flatMap(([name, value]) => {
        return judgeOption(scope, { group, name, value, path: [...path, name] });
      });
    });
  }

  /** Each backend is a group of its own name, and its options stand without one. */
  #backends(path: Path, service: Fields, whole: Layer): Finding[] {
    const like = this.#data.catalogue.dynamic.find(({ listedIn }) => listedIn.name === "enabled_backends")?.like;
    if (like === undefined) return [];
    return itemsOf(service["backends"]).flatMap(([index, backend]) => {
      const group = String(backend["name"]);
      const base = this.#scope([whole], undefined);
      const scope: Scope = { ...base, find: ({ name }) => this.#data.catalogue.find(like, name) };
      return Object.entries(shaped(fieldsOf(backend["options"]))).flatMap(([name, value]) =>
        judgeOption(scope, { group, name, value, path: [...path, "backends", index, "options", name] }),
      );
    });
  }

  #unchecked(layer: Layer): Finding[] {
    const scope = this.#scope([layer], undefined);
    return Object.entries(layer.options).flatMap(([group, options]) =>
      Object.entries(options).flatMap(([name, value]) =>
        judgeUnchecked(scope, { group, name, value, path: [...layer.path, group, name] }),
      ),
    );
  }

  #secrets(path: Path, service: Fields, unchecked: Options): Finding[] {
    const scope = this.#scope([], undefined);
    return itemsOf(service["secretOptions"]).flatMap(([index, item]) => {
      const { group, option: name } = item;
      if (typeof group !== "string" || typeof name !== "string") return [];
      const given: Given = { group, name, value: undefined, path: [...path, index, "option"] };
      return judgeSecret(scope, given, Object.keys(unchecked));
    });
  }

  #scope(layers: readonly Layer[], component: string | undefined): Scope {
    const { catalogue } = this.#data;
    const values = new Values(layers, this.#data);
    const wider = new Values(layers.slice(0, -1), this.#data);
    return {
      service: this.#name,
      data: this.#data,
      claims: this.#context.data.claims,
      hints: this.#context.hints,
      ...(component === undefined ? {} : { component }),
      find: (name) => values.find(name),
      lookup: lookupIn(catalogue, (option) => values.valueOf(option)),
      overrides: (option, group) => wider.valueOf({ group, name: option.name }) !== undefined,
    };
  }
}

/** The options of layers, the later over the earlier, by their names of today. */
class Values {
  readonly #layers: readonly Layer[];
  readonly #data: ServiceData;
  #byName: ReadonlyMap<string, unknown> | undefined;
  #models: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(layers: readonly Layer[], data: ServiceData) {
    this.#layers = layers;
    this.#data = data;
  }

  find({ group, name }: OptionName): CatalogueOption | undefined {
    const { catalogue } = this.#data;
    const found = catalogue.find(group, name);
    if (found !== undefined || catalogue.dynamic.length === 0) return found;
    this.#models ??= this.#dynamic();
    for (const like of this.#models.get(group) ?? []) {
      const option = catalogue.find(like, name);
      if (option !== undefined) return option;
    }
    return undefined;
  }

  valueOf(option: OptionName): OptionValue | undefined {
    if (this.#layers.length === 0) return undefined;
    this.#byName ??= this.#named();
    return this.#byName.get(keyOf(option)) as OptionValue | undefined;
  }

  #named(): ReadonlyMap<string, unknown> {
    return new Map(
      this.#layers.flatMap(({ options }) =>
        Object.entries(options).flatMap(([group, own]) =>
          Object.entries(own).map(([name, value]): [string, unknown] => {
            const today = this.#data.catalogue.find(group, name);
            return [keyOf(today ?? { group, name }), value];
          }),
        ),
      ),
    );
  }

  /** Groups that the Cloud names itself, and the groups whose options they have. */
  #dynamic(): ReadonlyMap<string, readonly string[]> {
    const pairs = this.#data.catalogue.dynamic.flatMap(({ listedIn, like, prefix = "" }) =>
      namesIn(this.valueOf(listedIn)).map((name) => ({ group: `${prefix}${name}`, like })),
    );
    return new Map(
      [...Map.groupBy(pairs, ({ group }) => group)].map(([group, list]) => [group, list.map(({ like }) => like)]),
    );
  }
}

/** The names that a value lists: of a map its keys, of text what stands between commas. */
function namesIn(value: unknown): string[] {
  if (typeof value === "string") return value.split(",").map((part) => part.trim().split(":")[0] ?? "");
  if (Array.isArray(value)) return value.map(String);
  return Object.keys(fieldsOf(value));
}

function keyOf({ group, name }: OptionName): string {
  return `${group.toLowerCase()}\n${name}`;
}

function sizeFinding({ path, options }: Layer): Finding | undefined {
  return tooLarge(path, options);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** Groups with the options that have the shape of one. */
function optionsOf(value: unknown): Options {
  const groups = Object.entries(fieldsOf(value)).filter((entry): entry is [string, Fields] => isFields(entry[1]));
  return Object.fromEntries(groups.map(([group, options]) => [group, shaped(options)]));
}

function shaped(options: Fields): Fields {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => isValue(value)));
}

/** Text, a number, true or false, or a list or map of these. */
function isValue(value: unknown): boolean {
  const scalar = (one: unknown): boolean => ["string", "number", "boolean"].includes(typeof one);
  if (Array.isArray(value)) return value.every(scalar);
  return scalar(value) || (isFields(value) && Object.values(value).every(scalar));
}

function itemsOf(value: unknown): [number, Fields][] {
  return Array.isArray(value)
    ? [...(value as unknown[]).entries()].map(([index, item]) => [index, fieldsOf(item)])
    : [];
}

import { type Fields, type Finding, isFields } from "../api/walk.ts";
import type { PolicyRule } from "../oslo/catalogue.ts";
import { catalogueServices, loadCatalogue } from "../releases/catalogue.ts";
import { dataFiles, releaseNames } from "../releases/index.ts";
import { loadChanges, loadPolicies, policyPath } from "../releases/lists.ts";
import type { JudgeData, ReleaseChanges, ServiceData } from "./judge-data.ts";
import { judgeOptions } from "./judge.ts";
import { type Claims, loadClaims } from "./owned.ts";

/** Fields of a service of the Cloud that are judged. */
export const JUDGED_FIELDS = [
  "options",
  "uncheckedOptions",
  "secretOptions",
  "policy",
  "components",
  "backends",
] as const;

/** Judges Clouds, each by the data of its release, which is loaded when it is first needed and kept. */
export class OptionsJudge {
  readonly #root: string | undefined;
  readonly #services = new Map<string, Promise<ServiceData>>();
  #claims: Promise<Claims> | undefined;

  /** `root` is the folder of all releases. */
  constructor(root?: string) {
    this.#root = root;
  }

  /**
   * Everything that is to be said of the options of a Cloud as it was written. A Cloud without options, or of a release
   * that is not known, has nothing of the kind: of the latter others speak. Throws ReleaseError when data is damaged.
   */
  async judge(cloud: unknown): Promise<readonly Finding[]> {
    const spec = fieldsOf(fieldsOf(cloud)["spec"]);
    const { release } = spec;
    if (typeof release !== "string" || !(await releaseNames(this.#root)).includes(release)) return [];
    const asked = servicesWithOptions(spec);
    const known = asked.length === 0 ? [] : await catalogueServices(release, this.#root);
    const services = asked.filter((name) => known.includes(name));
    const loaded = services.map(async (name) => [name, await this.#service(release, name)] as const);
    const data: JudgeData = { services: new Map(await Promise.all(loaded)), claims: await this.#loadedClaims() };
    return judgeOptions(cloud, data);
  }

  #service(release: string, name: string): Promise<ServiceData> {
    const key = `${release} ${name}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const loading = loadServiceData(release, name, this.#root);
    this.#services.set(key, loading);
    loading.catch(() => this.#services.delete(key)); // the next Cloud tries again; this one is told
    return loading;
  }

  #loadedClaims(): Promise<Claims> {
    this.#claims ??= loadClaims();
    return this.#claims;
  }
}

/** All that a service's options are judged by in a release. Throws ReleaseError. */
export async function loadServiceData(release: string, service: string, root?: string): Promise<ServiceData> {
  const known = await releaseNames(root);
  const at = known.indexOf(release);
  const [catalogue, policy, before, next] = await Promise.all([
    loadCatalogue(release, service, root),
    rulesOf(release, service, root),
    changesFrom(known[at - 1], { from: known[at - 1], to: release }, { service, root }),
    changesFrom(known[at + 1], { from: release, to: known[at + 1] }, { service, root }),
  ]);
  return {
    catalogue,
    ...(policy === undefined ? {} : { policy }),
    ...(before === undefined ? {} : { before }),
    ...(next === undefined ? {} : { next }),
  };
}

/** The rules without what people read of them, which is most of it; undefined where they are not known. */
async function rulesOf(release: string, service: string, root?: string): Promise<readonly PolicyRule[] | undefined> {
  const { data } = await dataFiles(release, root);
  if (data[policyPath(service)] === undefined) return undefined;
  const rules = await loadPolicies(release, service, root);
  return rules.map(({ description: _description, operations: _operations, ...rule }) => rule);
}

/** What differs between two releases of which the other is `release`; undefined where there is none, or it is not known. */
async function changesFrom(
  release: string | undefined,
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
  { service, root }: { readonly service: string; readonly root: string | undefined },
): Promise<ReleaseChanges | undefined> {
  if (release === undefined || from === undefined || to === undefined) return undefined;
  const changes = await loadChanges({ from, to }, service, root);
  return changes === undefined ? undefined : { release, changes };
}

/** Services of which the Cloud says something that is judged. */
function servicesWithOptions(spec: Fields): string[] {
  const services = Object.entries(fieldsOf(spec["services"]));
  const pools = fieldsOf(spec["compute"])["pools"];
  const inPools = Array.isArray(pools) && pools.some((pool) => isFilled(fieldsOf(pool)["options"]));
  const named = services
    .filter(([, service]) => JUDGED_FIELDS.some((field) => isFilled(fieldsOf(service)[field])))
    .map(([name]) => name);
  return [...new Set([...named, ...(inPools ? ["nova"] : [])])];
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

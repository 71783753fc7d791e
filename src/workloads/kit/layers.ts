import type { ResolvedService } from "../../api/cloud.ts";
import { mergeIni, writeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { credential } from "./addresses.ts";
import type { Owner } from "./names.ts";
import { configMap, contentConfigMap, contentSecret, type Data } from "./objects.ts";
import type { Mounted } from "./pods.ts";
import type { VolumeProjection } from "./types.ts";
import { userOptions, type UserOptionsOf } from "./user-options.ts";

export interface LayerOptions {
  /** The owner's workload names the directory: `/etc/<workload>/conf.d`. */
  readonly owner: Owner;
  /** Options without secrets; later ones in the list win. */
  readonly base: readonly IniData[];
  /** Options with secret values; later ones in the list win. */
  readonly secret: readonly IniData[];
  /** Whose options of the Cloud come last. Default none. */
  readonly user?: UserOptionsOf;
  /** Name of the Deployment, StatefulSet or DaemonSet, which has a mutable layer of its own. Default the owner's. */
  readonly controller?: string;
  /** Further files in the same directory; their names must not end in `.conf`. */
  readonly files?: Data;
}

export interface Layers {
  /** ConfigMap, Secret and ConfigMap; equal content has equal names, so that parts of a service share them. */
  readonly objects: readonly Manifest[];
  readonly mounted: Mounted;
}

/** Where the layers of a service are. */
export function configDir(workload: string): string {
  return `/etc/${workload}/conf.d`;
}

/** The files of the layers, in the order in which they are read. */
export const LAYER_FILES = ["10-base.conf", "20-secret.conf", "90-mutable.conf"] as const;

/** How the name of every ConfigMap ends that running processes follow. */
export const MUTABLE_SUFFIX = "-mutable";

/** The three configuration layers: base and secret are immutable and named by content, mutable has a fixed name. */
export function configLayers(options: LayerOptions): Layers {
  const { owner, controller = owner.name } = options;
  const user = options.user === undefined ? { base: {}, mutable: {} } : userOptions(owner.input, options.user);
  const [baseFile, secretFile, mutableFile] = LAYER_FILES;
  const base = contentConfigMap(owner, `${owner.workload}-base`, {
    [baseFile]: writeIni(mergeIni(...options.base, user.base)),
    ...options.files,
  });
  const secret = contentSecret(owner, `${owner.workload}-secret`, {
    [secretFile]: writeIni(mergeIni(...options.secret)),
  });
  const mutable = configMap(owner, `${controller}${MUTABLE_SUFFIX}`, { [mutableFile]: writeIni(user.mutable) });
  const sources: VolumeProjection[] = [
    { configMap: { name: base.metadata.name } },
    { secret: { name: secret.metadata.name } },
    { configMap: { name: mutable.metadata.name } },
  ];
  return {
    objects: [base, secret, mutable],
    mounted: {
      volume: { name: "config", projected: { defaultMode: 0o440, sources } },
      mount: { name: "config", mountPath: configDir(owner.workload), readOnly: true },
    },
  };
}

/** The user's `secretOptions` with their values, for the secret layer. */
export function secretOptions(input: BuildInput, service: Pick<ResolvedService, "secretOptions">): IniData {
  return mergeIni(
    ...service.secretOptions.map(({ group, option, secretRef }) => ({
      [group]: { [option]: credential(input, secretRef.name, secretRef.key) },
    })),
  );
}

/** The user's policy rules as `policy.yaml` of the directory, and the option that names it. */
export function policyLayer(workload: string, service: Pick<ResolvedService, "policy">) {
  const rules = Object.entries(service.policy);
  if (rules.length === 0) return { options: {}, files: {} };
  const text = rules.map(([rule, check]) => `${JSON.stringify(rule)}: ${JSON.stringify(check)}\n`).join("");
  return {
    options: { oslo_policy: { policy_file: `${configDir(workload)}/policy.yaml` } },
    files: { "policy.yaml": text },
  };
}

/** The user's `files`, each mounted at its path. */
export function userFiles(service: Pick<ResolvedService, "files">): readonly Mounted[] {
  return service.files.map((file, index) => {
    const name = `file-${index}`;
    const reference = file.configMapRef ?? file.secretRef;
    if (reference === undefined) throw new Error(`files ${file.path}: neither configMapRef nor secretRef is given`);
    const items = [{ key: reference.key, path: "content" }];
    const source =
      file.configMapRef === undefined
        ? { secret: { secretName: reference.name, items, defaultMode: 0o440 } }
        : { configMap: { name: reference.name, items, defaultMode: 0o444 } };
    return { volume: { name, ...source }, mount: { name, mountPath: file.path, subPath: "content", readOnly: true } };
  });
}

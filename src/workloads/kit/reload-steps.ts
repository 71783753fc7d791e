import type { Manifest } from "../contract.ts";
import type { CallStep } from "../../api/step.ts";
import { MUTABLE_SUFFIX } from "./layers.ts";
import { contentHash } from "./names.ts";

/** Once the mutable layers among the objects are written: the pods that mount them get them at once. None without such layers. */
export function reloadSteps(workload: string, objects: readonly Manifest[]): readonly CallStep[] {
  const configMaps = objects
    .filter(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith(MUTABLE_SUFFIX))
    .map(({ metadata, data }) => ({ namespace: metadata.namespace, name: metadata.name, hash: contentHash(data) }));
  if (configMaps.length === 0) return [];
  return [
    {
      id: `${workload}/reload`,
      type: "call",
      action: "reload-pods",
      input: { configMaps },
      needs: [],
      onFailure: "Pods could not be told of changed options; each takes them within two minutes all the same.",
      timeoutSeconds: 60,
    },
  ];
}

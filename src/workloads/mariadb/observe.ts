import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const managed = cloud.spec.database.type === "Managed";
  return { ready: managed ? [`StatefulSet/${cloud.metadata.namespace}/mariadb`] : [], next: "underpin logs mariadb" };
}

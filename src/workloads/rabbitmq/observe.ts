import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const managed = cloud.spec.messaging.type === "Managed";
  return { ready: managed ? [`StatefulSet/${cloud.metadata.namespace}/rabbitmq`] : [], next: "underpin logs rabbitmq" };
}

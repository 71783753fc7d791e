/** A small web server (CoreDNS's health page) with a volume, behind a node port. */
export const WORKLOAD = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "web", namespace: "default" },
      data: { Corefile: ".:5353 {\n health\n}\n" },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "default" },
      spec: { type: "NodePort", selector: { app: "web" }, ports: [{ port: 8080, nodePort: 30999 }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "default", labels: { app: "web" } },
      spec: {
        enableServiceLinks: false,
        containers: [
          {
            name: "web",
            image: "underpin.local/coredns:v1.14.6",
            imagePullPolicy: "Never",
            args: ["-conf", "/config/Corefile"],
            readinessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 1 },
            volumeMounts: [
              { name: "config", mountPath: "/config" },
              { name: "data", mountPath: "/data" },
            ],
          },
        ],
        volumes: [
          { name: "config", configMap: { name: "web" } },
          { name: "data", persistentVolumeClaim: { claimName: "data" } },
        ],
      },
    },
  ],
});

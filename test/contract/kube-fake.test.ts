import { FakeKube } from "../../src/kube/fake.ts";
import { kubeContract } from "./kube.contract.ts";

kubeContract("fake", async () => {
  const client = new FakeKube();
  return {
    client,
    compact: async () => client.compact(),
    close: () => client.close(),
  };
});

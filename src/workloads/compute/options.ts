import { helperClaims } from "../kit/claims.ts";
import type { WorkloadOptions } from "../options-contract.ts";

/** What nova-compute has beyond the other processes of nova. */
export const options: WorkloadOptions = {
  service: "nova",
  owned: [
    { group: "DEFAULT", names: ["compute_driver"], why: "guests are run by the libvirt beside nova-compute" },
    {
      group: "libvirt",
      names: ["virt_type"],
      why: "it follows from what the pool's nodes can do",
      field: "spec.compute.pools[].virtualization",
    },
    { group: "os_vif_ovs", names: ["ovsdb_connection"], why: "it is the socket of the node's Open vSwitch" },
    ...helperClaims(["nova_sys_admin", "privsep_osbrick", "vif_plug_ovs_privileged"]),
    { group: "DEFAULT", names: ["my_ip"], why: "it is each node's own address" },
    {
      group: "vnc",
      names: ["server_listen", "server_proxyclient_address"],
      why: "it is each node's own address",
    },
  ],
  preset: [
    {
      group: "DEFAULT",
      names: ["resume_guests_state_on_host_boot"],
      why: "after a reboot of the node its guests run again",
    },
    {
      group: "libvirt",
      names: ["cpu_mode", "cpu_models"],
      why: "an emulated processor is the plainest: the host's model would promise what the emulator cannot do",
    },
    { group: "libvirt", names: ["hw_machine_type"], why: "guests get the machine of today, with PCI Express" },
  ],
};

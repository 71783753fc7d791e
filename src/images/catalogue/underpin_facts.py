"""Makes this process see another machine than the one it runs on: two runs with different facts tell what depends on them."""
import multiprocessing
import os
import platform
import socket


def pretend(facts):
    """`facts`: host (name), cpus (number), address (IPv4). Must come before anything else is imported."""
    host, cpus, address = facts["host"], facts["cpus"], facts["address"]
    socket.gethostname = lambda: host
    socket.getfqdn = lambda name="": name or host
    platform.node = lambda: host
    uname = os.uname()
    os.uname = lambda: os.uname_result((uname.sysname, host, "0", "0", uname.machine))
    for module in (os, multiprocessing):
        module.cpu_count = lambda: cpus
    os.process_cpu_count = lambda: cpus
    os.sched_getaffinity = lambda pid: set(range(cpus))

    from oslo_utils import netutils

    netutils.get_my_ipv4 = lambda: address
    netutils.get_my_ipv6 = lambda: "2001:db8::1"

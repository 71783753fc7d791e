"""
Options that a service registers only for names that its configuration has: a group for each mediated device, store or
protocol. Each is registered here for the name `{name}`, so that the group that is found is the pattern of all.
"""
import importlib.metadata

from oslo_config import cfg

NAME = "{name}"


def on_demand(service):
    """Pairs of a group's name and its options; empty for a service that has none, or is not installed."""
    return SERVICES.get(service, list)()


def of(conf, wanted):
    return [
        (name, [info["opt"] for info in group._opts.values()])
        for name, group in conf._groups.items()
        if wanted(name)
    ]


def nova():
    from nova.conf import devices, neutron

    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.ListOpt("enabled_mdev_types"), group="devices")
    conf.register_opt(cfg.ListOpt("physnets"), group="neutron")
    conf([], default_config_files=[], default_config_dirs=[])
    conf.set_override("enabled_mdev_types", [NAME], "devices")
    conf.set_override("physnets", [NAME], "neutron")
    devices.register_dynamic_opts(conf)
    neutron.register_dynamic_opts(conf)
    return of(conf, lambda name: name.startswith(("mdev_", "neutron_physnet_", "neutron_tunnel")))


def glance():
    import glance_store
    from glance.common import wsgi
    from glance_store import driver, multi_backend

    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.DictOpt("enabled_backends", default={}))
    conf([], default_config_files=[], default_config_dirs=[])
    glance_store.register_store_opts(conf, reserved_stores=wsgi.RESERVED_STORES)
    reserved = of(conf, lambda name: name in wsgi.RESERVED_STORES)
    # A store's group is read by its driver, which adds these; the groups of the drivers are not in any file.
    every = [option for options in multi_backend._list_driver_opts().values() for option in options]
    common = list(driver._MULTI_BACKEND_OPTS)
    return [*((name, [*options, *common]) for name, options in reserved), (NAME, [*every, *common])]


def keystone():
    # keystone/conf/auth.py registers a method's option by its name, keystone/federation/utils.py a protocol's.
    points = importlib.metadata.entry_points()
    methods = sorted(group.removeprefix("keystone.auth.") for group in points.groups if group.startswith("keystone.auth."))
    help_of_method = "Entry point of the plugin for this method."
    return [
        ("auth", [cfg.StrOpt(method, help=help_of_method) for method in methods]),
        (NAME, [cfg.StrOpt("remote_id_attribute", help="As in [federation], for the protocol of this name.")]),
    ]


SERVICES = {"glance": glance, "keystone": keystone, "nova": nova}

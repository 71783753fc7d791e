"""
Starts a component as its pod does, but for what it would connect to, and says what it has registered:
{"options": [...], "modules": [...], "stopped": "why it went no further"} to standard output. Argument: service/component.
"""
import importlib.metadata
import json
import os
import signal
import sys
import traceback
import warnings

import underpin_facts
import underpin_options

warnings.simplefilter("ignore")

SECONDS = 120
FOLDER = os.environ["TMPDIR"]
# Credentials with which a service goes to others.
CLIENTS = "".join(
    f"[{group}]\nauth_type = password\nauth_url = http://192.0.2.1/\nusername = u\npassword = p\n"
    for group in ("cinder", "neutron", "nova", "placement", "service_user")
)
BASE = f"""
[DEFAULT]
transport_url = fake:/
state_path = {FOLDER}
compute_driver = libvirt.LibvirtDriver
core_plugin = ml2
service_plugins = ovn-router
enabled_backends = images:file
[database]
connection = sqlite:///{FOLDER}/database
[api_database]
connection = sqlite:///{FOLDER}/api
[placement_database]
connection = sqlite://
sync_on_startup = true
[keystone_authtoken]
auth_type = password
auth_url = http://192.0.2.1/
username = u
password = p
[paste_deploy]
flavor = keystone
config_file = {sys.prefix}/etc/glance/glance-api-paste.ini
[glance_store]
default_backend = images
{CLIENTS}
[images]
filesystem_store_datadir = {FOLDER}/images
[os_glance_staging_store]
filesystem_store_datadir = {FOLDER}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {FOLDER}/tasks
[oslo_concurrency]
lock_path = {FOLDER}
[ml2]
mechanism_drivers = ovn
type_drivers = local,flat,vlan,geneve
tenant_network_types = geneve
extension_drivers = port_security
[ml2_type_geneve]
vni_ranges = 1:9
max_header_size = 38
[fernet_tokens]
key_repository = {FOLDER}
[fernet_receipts]
key_repository = {FOLDER}
"""
# Where a service leaves out what our configuration has, the group is not its own.
OURS = {"images", "os_glance_staging_store", "os_glance_tasks_store"}


class Started(BaseException):
    """The component has come as far as it can without the world."""


def stop(*args, **kwargs):
    raise Started


def keystone_api(config):
    sys.argv = ["keystone"]
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = config
    import keystone.wsgi.api  # noqa: F401


def glance_api(config):
    os.environ["OS_GLANCE_CONFIG_DIR"] = os.path.dirname(config)
    from glance.common import wsgi_app

    wsgi_app.CONFIG_FILES = [os.path.basename(config)]
    wsgi_app.run_staging_cleanup = lambda: None
    import glance.wsgi.api  # noqa: F401


def placement_api(config):
    import placement.wsgi
    from placement import deploy

    # Its options are not those of the process: found where they arrive.
    load = deploy.loadapp
    held = []
    deploy.loadapp = lambda conf: held.append(conf) or load(conf)
    placement.wsgi._get_config_files = lambda env=None: [config]
    try:
        import placement.wsgi.api  # noqa: F401
    finally:
        OTHER.extend(held)


OTHER = []


def nova_wsgi(module):
    def start(config):
        sys.argv = [module, "--config-file", config]
        os.environ["OS_NOVA_CONFIG_DIR"] = os.path.join(sys.prefix, "etc", "nova")
        os.environ["OS_NOVA_CONFIG_FILES"] = "api-paste.ini"
        # The module's own first line, where there is one: it cannot come after what is imported here.
        from nova import monkey_patch

        if hasattr(monkey_patch, "patch"):
            monkey_patch.patch(backend="threading")
        from nova.api.openstack import wsgi_app

        wsgi_app._setup_service = lambda host, name: None
        __import__(f"nova.wsgi.{module}")

    return start


def nova_daemon(name):
    def start(config):
        sys.argv = [f"nova-{name}", "--config-file", config]
        module = __import__(f"nova.cmd.{name}", fromlist=["main"])
        from nova import service, utils
        from nova.conductor import api
        from nova.scheduler.client import report

        report.SchedulerReportClient._create_client = lambda self: None
        utils.raise_if_old_compute = lambda: None
        api.API.wait_until_ready = lambda self, context, **kwargs: None
        service.serve = stop
        without_cells()
        module.main()

    return start


def without_cells():
    """The scheduler reads the cells before it serves: a database without any will do."""
    from nova import config
    from nova.db.api import api, models

    parse = config.parse_args

    def parsed(*args, **kwargs):
        parse(*args, **kwargs)
        models.BASE.metadata.create_all(api.get_engine())

    config.parse_args = parsed


def nova_novncproxy(config):
    sys.argv = ["nova-novncproxy", "--config-file", config, "--web", ""]
    from nova.cmd import baseproxy, novncproxy
    from nova.console import websocketproxy

    websocketproxy.NovaWebSocketProxy = stop
    baseproxy.websocketproxy.NovaWebSocketProxy = stop
    novncproxy.main()


def neutron_files(config):
    os.environ["OS_NEUTRON_CONFIG_DIR"] = os.path.dirname(config)
    os.environ["OS_NEUTRON_CONFIG_FILES"] = os.path.basename(config)
    sys.argv = ["neutron"]
    from neutron.common import config as common

    # After the configuration is read, and before the plugin asks: the tables that it asks for.
    setup = common.setup_gmr
    common.setup_gmr = lambda: (setup(), neutron_tables())


def neutron_tables():
    from neutron.db.migration.models import head
    from neutron_lib.db import api

    head.get_metadata().create_all(api.get_context_manager().writer.get_engine())


def neutron_api(config):
    neutron_files(config)
    from neutron.plugins.ml2.drivers.ovn.mech_driver import mech_driver

    # The first asks OVN's database once, the second for ever.
    mech_driver.OVNMechanismDriver.pre_fork_initialize = lambda *args, **kwargs: None
    mech_driver.OVNMechanismDriver.post_fork_initialize = stop
    import neutron.wsgi.api  # noqa: F401


def neutron_worker(command):
    def start(config):
        neutron_files(config)
        (point,) = importlib.metadata.entry_points(group="console_scripts", name=command)
        main = point.load()
        from neutron import service

        for name in ("start_periodic_workers", "start_ovn_maintenance_worker", "_start_workers"):
            if hasattr(service, name):
                setattr(service, name, stop)
        main()

    return start


def neutron_ovn_metadata_agent(config):
    sys.argv = ["neutron-ovn-metadata-agent", "--config-file", config]
    from neutron.agent.ovn.metadata import agent
    from neutron.agent.ovn import metadata_agent

    agent.MetadataAgent.start = stop
    metadata_agent.main()


COMPONENTS = {
    "keystone/api": keystone_api,
    "glance/api": glance_api,
    "placement/api": placement_api,
    "nova/api": nova_wsgi("osapi_compute"),
    "nova/metadata": nova_wsgi("metadata"),
    "nova/conductor": nova_daemon("conductor"),
    "nova/scheduler": nova_daemon("scheduler"),
    "nova/compute": nova_daemon("compute"),
    "nova/novncproxy": nova_novncproxy,
    "neutron/api": neutron_api,
    "neutron/periodic": neutron_worker("neutron-periodic-workers"),
    "neutron/maintenance": neutron_worker("neutron-ovn-maintenance-worker"),
    "neutron/ovn-metadata-agent": neutron_ovn_metadata_agent,
}


def main(component):
    # What waits for the world after all is ended.
    signal.alarm(SECONDS)
    underpin_facts.pretend(json.load(sys.stdin)["facts"])
    config = os.path.join(FOLDER, "underpin.conf")
    with open(config, "w") as file:
        file.write(BASE)
    for name in ("images", "staging", "tasks"):
        os.makedirs(os.path.join(FOLDER, name), exist_ok=True)
    answer = os.dup(1)
    os.dup2(2, 1)
    stopped = ""
    try:
        COMPONENTS[component](config)
    except Started:
        pass
    except BaseException as error:
        traceback.print_exc()
        stopped = f"{type(error).__name__}: {error}"
    options = [option for conf in [None, *OTHER] for option in registered(conf)]
    modules = {name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}
    with os.fdopen(answer, "w") as file:
        json.dump({"options": options, "modules": modules, "stopped": stopped}, file)
    # Threads that the component started must not keep it.
    os._exit(0)


def registered(conf):
    from oslo_config import cfg

    found = underpin_options.registered_options(conf or cfg.CONF)
    return [option for option in found if option["group"] not in OURS]


main(sys.argv[1])

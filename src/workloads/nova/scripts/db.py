"""
Brings nova's databases and cells to the release of the image, in one process: each start of nova-manage costs two
seconds of imports. Repeatable; only adds, so that processes of the release before keep working.
"""
import os
import sys
import traceback
from urllib.parse import urlsplit

sys.argv = ["nova-manage", "--config-dir", "/etc/nova/conf.d"]
# Python's modules stay as they are: a process that is forked shares its parent's eventlet hub, and one of them then
# waits for ever for an answer that the other was given.
os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"

from nova.cmd import manage  # noqa: E402
from nova import config, context, objects  # noqa: E402
from nova.db import migration  # noqa: E402
from oslo_utils import uuidutils  # noqa: E402
from underpin_schema import database_url, restartable  # noqa: E402

SECRETS = "/etc/nova/conf.d/20-secret.conf"

# Each process fills these from its own configuration, so that no password stands in the table and a new one needs no
# change of it. https://docs.openstack.org/nova/latest/admin/cells.html#template-urls-in-cell-mappings
ACCOUNT = "{scheme}://{username}:{password}@{hostname}"
TRANSPORT = ACCOUNT + ":{port}/{path}"
# cell0 holds guests that found no host: nobody sends it messages.
NO_TRANSPORT = "none:///"
CELL0 = objects.CellMapping.CELL0_UUID


def beside(work):
    """Runs `work` in a process beside this one; returns its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def database(path):
    """Template of the cells' database `path` on the server that the configuration names."""
    port = ":{port}" if urlsplit(manage.CONF.database.connection).port else ""
    return f"{ACCOUNT}{port}/{path}?{{query}}"


def cell0_schema():
    url = objects.CellMapping.format_db_url(database("nova_cell0"))
    cell0 = objects.CellMapping(uuid=CELL0, name="cell0", transport_url=NO_TRANSPORT, database_connection=url)
    with context.target_cell(context.get_admin_context(), cell0) as target:
        migration.db_sync(context=target)


def ensure_cell(found, name, uuid, transport, connection):
    mapping = found or objects.CellMapping(context.get_admin_context(), uuid=uuid, name=name)
    mapping.transport_url = transport
    mapping.database_connection = connection
    mapping.save() if found else mapping.create()
    print(f"{name} is mapped", flush=True)


def map_cells():
    cells = {cell.uuid: cell for cell in objects.CellMappingList.get_all(context.get_admin_context())}
    cell1 = next((cell for cell in cells.values() if cell.name == "cell1"), None)
    ensure_cell(cells.get(CELL0), "cell0", CELL0, NO_TRANSPORT, database("nova_cell0"))
    ensure_cell(cell1, "cell1", uuidutils.generate_uuid(), TRANSPORT, database("{path}"))


def make_schemas():
    """Three databases that need nothing of each other."""
    cell1 = beside(migration.db_sync)
    cell0 = beside(cell0_schema)
    try:
        migration.db_sync(database="api")
    finally:
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in (cell1, cell0)]
    for name, code in zip(("nova", "nova_cell0"), codes):
        if code != 0:
            sys.exit(f"The schema of {name} failed; the reason stands above")
    print("nova_api, nova and nova_cell0 are up to date", flush=True)


def main():
    config.parse_args(sys.argv)
    manage.logging.setup(manage.CONF, "nova")
    objects.register_all()
    cell1 = database_url(SECRETS, "database")
    with restartable(database_url(SECRETS, "api_database"), cell1, cell1.set(database="nova_cell0")):
        make_schemas()
    map_cells()


main()

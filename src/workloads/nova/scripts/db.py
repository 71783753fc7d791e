"""
Brings nova's databases and cells to the release of the image, in one process: each start of nova-manage costs two
seconds of imports. Repeatable; only adds, so that processes of the release before keep working.
"""
import os
import sys
import traceback
from urllib.parse import urlsplit

sys.argv = ["nova-manage", "--config-dir", "/etc/nova/conf.d"]

from nova import config  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.cmd import manage  # noqa: E402
from oslo_utils import uuidutils  # noqa: E402

# Each process fills these from its own configuration, so that no password stands in the table and a new one needs no
# change of it. https://docs.openstack.org/nova/latest/admin/cells.html#template-urls-in-cell-mappings
ACCOUNT = "{scheme}://{username}:{password}@{hostname}"
TRANSPORT = ACCOUNT + ":{port}/{path}"


def beside(work):
    """Runs `work` in a process beside this one; answers its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = work() or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def finished(pid, what):
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit(f"{what} failed; the reason stands above")


def ensure_cell(found, name, uuid, transport, database):
    mapping = found or objects.CellMapping(context.get_admin_context(), uuid=uuid, name=name)
    mapping.transport_url = transport
    mapping.database_connection = database
    mapping.save() if found else mapping.create()
    print(f"{name} is mapped", flush=True)


def map_cells():
    server = ACCOUNT + (":{port}" if urlsplit(manage.CONF.database.connection).port else "")
    admin = context.get_admin_context()
    cell0 = objects.CellMapping.CELL0_UUID
    cells = {cell.uuid: cell for cell in objects.CellMappingList.get_all(admin)}
    cell1 = next((cell for cell in cells.values() if cell.name == "cell1"), None)
    ensure_cell(cells.get(cell0), "cell0", cell0, "none:///", server + "/nova_cell0?{query}")
    ensure_cell(cell1, "cell1", uuidutils.generate_uuid(), TRANSPORT, server + "/{path}?{query}")


def main():
    config.parse_args(sys.argv)
    manage.logging.setup(manage.CONF, "nova")
    objects.register_all()
    # The cell's own database needs nothing of the others, and is half of the work.
    cell1 = beside(lambda: manage.DbCommands().sync(local_cell=True))
    manage.ApiDbCommands().sync()
    print("nova_api is up to date", flush=True)
    map_cells()
    finished(cell1, "nova's database")
    print("nova is up to date", flush=True)
    if manage.DbCommands().sync():
        sys.exit("nova_cell0 failed; the reason stands above")
    print("nova_cell0 is up to date", flush=True)


main()

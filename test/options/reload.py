"""
Runs real processes of OpenStack in the image's tree beside the product's own modules, changes their mutable layer, and says
what each then has. Standard input: {"modules": {file: text}, "wsgi": {component: {file: text}}, "component": name}.
"""
import contextlib
import fcntl
import glob
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import urllib.request

BIN = "/opt/openstack/bin"
WORK = "/tmp/reload"
PORT = 18080
BASE = f"""
[DEFAULT]
transport_url = fake:/
state_path = {WORK}
host = here
use_stderr = true
[database]
connection = sqlite:///{WORK}/database
[api_database]
connection = sqlite:///{WORK}/api
[placement_database]
connection = sqlite:///{WORK}/placement
sync_on_startup = true
[oslo_concurrency]
lock_path = {WORK}
[placement]
auth_type = none
endpoint_override = http://127.0.0.1:9/
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:9/
username = u
password = p
[vnc]
novncproxy_host = 127.0.0.1
novncproxy_port = {PORT}
[fernet_tokens]
key_repository = {WORK}/keys
[fernet_receipts]
key_repository = {WORK}/keys
"""
TABLES = """
import sys
sys.argv = ["tables", "--config-dir", "/etc/nova/conf.d"]
import nova.cmd
from nova import config
config.parse_args(sys.argv)
from nova.db.api import api, models as api_models
from nova.db.main import api as main, models
api_models.BASE.metadata.create_all(api.get_engine())
models.BASE.metadata.create_all(main.get_engine())
"""

# Its hub waits for nothing but an hour: as in a process that does something from time to time.
IDLE = """
import eventlet
eventlet.monkey_patch()
import sys
from oslo_config import cfg
from oslo_log import log
import nova.conf
log.register_options(cfg.CONF)
cfg.CONF(sys.argv[1:], project="nova")
log.setup(cfg.CONF, "idle")
eventlet.sleep(3600)
"""


def daemon(service, program, *arguments):
    folder = f"/etc/{service}/conf.d"
    return [f"{BIN}/python", f"{WORK}/modules/underpin_reload.py", folder, f"{BIN}/{program}", "--config-dir", folder, *arguments]


def server(module):
    options = "--interface wsgi --host 127.0.0.1 --workers 1 --no-access-log".split()
    return [f"{BIN}/granian", *options, "--port", str(PORT), f"{module}:application"]


COMPONENTS = {
    "nova-conductor": ("nova", daemon("nova", "nova-conductor"), "[conductor]\nworkers = 1\n"),
    "nova-conductor, two workers": ("nova", daemon("nova", "nova-conductor"), "[conductor]\nworkers = 2\n"),
    "an idle program": ("nova", daemon("nova", "../../../tmp/reload/idle.py"), ""),
    "nova-novncproxy": ("nova", daemon("nova", "nova-novncproxy", "--web", ""), ""),
    "nova-metadata": ("nova", server("nova_metadata"), ""),
    "keystone": ("keystone", server("underpin_wsgi"), ""),
    "placement": ("placement", server("underpin_wsgi"), ""),
}


class Trial:
    def __init__(self, given):
        self.service, self.command, extra = COMPONENTS[given["component"]]
        self.folder = f"/etc/{self.service}/conf.d"
        for folder in (f"{WORK}/modules", f"{WORK}/keys", self.folder):
            os.makedirs(folder, exist_ok=True)
        modules = {**given["modules"], **given["wsgi"].get(given["component"], {})}
        for name, text in modules.items():
            write(f"{WORK}/modules/{name}", text)
        write(f"{WORK}/idle.py", IDLE)
        for number in ("0", "1"):
            write(f"{WORK}/keys/{number}", "7Zt3WvEWt2mCeIhzFkKUwCfUk1NUVkNJTUZ1NTM2Njc=")
        write(f"{self.folder}/10-base.conf", BASE + extra)
        write(f"{self.folder}/20-secret.conf", "")
        self.layer("")
        self.paths = {}

    def layer(self, text):
        """As the kubelet does: whole, or not at all."""
        write(f"{self.folder}/new", text)
        os.rename(f"{self.folder}/new", f"{self.folder}/90-mutable.conf")

    def start(self):
        if self.service == "nova":
            subprocess.run([f"{BIN}/python", "-c", TABLES], check=True, stdout=2)
        env = {**os.environ, "PYTHONPATH": f"{WORK}/modules", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
        env |= {"EVENTLET_NO_GREENDNS": "yes", "PYTHONUNBUFFERED": "1"}
        env |= {"OS_NOVA_CONFIG_DIR": "/opt/openstack/etc/nova", "OS_NOVA_CONFIG_FILES": "api-paste.ini"}
        self.log = open(f"{WORK}/log", "wb")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, env=env, start_new_session=True)

    def request(self):
        """A request, so that an API with eventlet takes a change before it; the others need none."""
        if self.command[0].endswith("granian"):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=5).read()
            except urllib.error.HTTPError:
                pass  # an answer is an answer

    def dumps(self):
        """What each process says of itself, by its number; none while it starts."""
        for path in glob.glob("/tmp/underpin-options.*.json"):
            os.unlink(path)
        write("/tmp/underpin-options", "")
        time.sleep(0.9)
        found = [json.loads(open(path).read()) for path in sorted(glob.glob("/tmp/underpin-options.*.json"))]
        return {one["pid"]: one for one in found}

    def until(self, count, debug):
        """Waits until so many processes say so of `debug`, and their logs follow; gives what they said last."""
        level = "DEBUG" if debug else "INFO"
        for _ in range(40):
            try:
                self.request()
            except OSError:
                time.sleep(0.5)
            said = self.dumps()
            # A process that starts has the option before its log is set up.
            has = [one["mutable"].get("DEFAULT.debug") is debug and one["logLevel"] == level for one in said.values()]
            if len(has) >= count and all(has):
                return said
            if self.process.poll() is not None:
                break
        sys.exit(f"{self.command} ended or never said debug = {debug}: {said}\n{self.text()[-3000:]}")

    def text(self):
        return open(f"{WORK}/log", errors="replace").read()

    def stop(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        return {"code": code, "seconds": time.monotonic() - began}


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def devices():
    """An image's tree has no devices, and a network namespace of its own begins without a loopback."""
    up = struct.pack("16sh", b"lo", 0x1 | 0x40)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, up)  # SIOCSIFFLAGS: up, running
    os.makedirs("/dev", exist_ok=True)
    for name, minor in (("null", 3), ("urandom", 9)):
        if not os.path.exists(f"/dev/{name}"):
            os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, os.makedev(1, minor))


def shown(said):
    """What a test compares: not which options there are, but how many."""
    return {
        str(pid): {"mutable": one["mutable"], "logLevel": one["logLevel"], "count": len(one["options"])}
        for pid, one in said.items()
    }


def main():
    given = json.load(sys.stdin)
    count = 3 if "two" in given["component"] else 1
    devices()
    trial = Trial(given)
    trial.start()
    try:
        print(json.dumps(tried(trial, given["wrong"], count)))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(trial.process.pid, signal.SIGKILL)


def tried(trial, wrong, count):
    steps = {"start": shown(trial.until(count, False))}
    trial.layer("[DEFAULT]\ndebug = true\n")
    began = time.monotonic()
    steps["debug"] = shown(trial.until(count, True))
    seconds = time.monotonic() - began
    for name, text in wrong.items():
        trial.layer(text)
        time.sleep(0.8)
        steps[name] = shown(trial.until(count, True))
    trial.layer("[DEFAULT]\ndebug = true\n[a_group]\nnobody_knows = this\n")
    steps["unknown"] = shown(trial.until(count, True))
    trial.layer("")
    steps["taken away"] = shown(trial.until(count, False))
    return {"steps": steps, "seconds": seconds, "stop": trial.stop(), "log": trial.text()}


main()

"""
Runs the real script that makes a service's schema against a real server, both of the images, ends it or the server with
SIGKILL at seeded moments, and says what became of the schema. A moment is a part of what the server was sent in a run that
nobody disturbed, by its log of statements. Standard input: an object with the fields that `Schema` and `main` read.
"""
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pymysql

WORK = "/tmp/migrations"
SOCKET = f"{WORK}/socket"
LOG = f"{WORK}/statements"
PATIENCE = 60


class Server:
    """MariaDB with its data in memory, reached by its socket alone."""

    def __init__(self, user, password):
        self.account = {"user": user, "password": password}

    def make(self):
        os.makedirs(WORK, exist_ok=True)
        install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={WORK}/data", "--skip-test-db"]
        root = ["--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-name-resolve"]
        subprocess.run([*install, *root], check=True, capture_output=True)

    def start(self):
        options = ["--no-defaults", "--user=root", f"--datadir={WORK}/data", f"--socket={SOCKET}", "--skip-networking"]
        # Its log of statements comes before each of them is done.
        log = ["--general-log=1", f"--general-log-file={LOG}", f"--log-error={WORK}/server.log"]
        sizes = ["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", f"--pid-file={WORK}/pid", f"--tmpdir={WORK}"]
        self.process = subprocess.Popen(["mariadbd", *options, *log, *sizes], stderr=subprocess.DEVNULL)
        for _ in range(PATIENCE * 10):
            try:
                return self.query("SELECT 1")
            except pymysql.OperationalError:
                time.sleep(0.1)
        raise SystemExit("the server does not start:\n" + tail(f"{WORK}/server.log"))

    def restart(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def connect(self, database):
        """A connection of the service's."""
        return pymysql.connect(unix_socket=SOCKET, database=database, **self.account)

    def query(self, *statements):
        # Not strict: a row of a test need not have what its columns ask for.
        with pymysql.connect(unix_socket=SOCKET, user="root", autocommit=True, sql_mode="") as connection:
            with connection.cursor() as cursor:
                for one in statements:
                    cursor.execute(one)
                return cursor.fetchall()


class Schema:
    def __init__(self, server, given):
        self.server = server
        self.names = given["databases"]
        self.accounts = given["accounts"]
        self.row = given["row"]
        self.script = f"{WORK}/scripts/db.py"
        for folder, files in given["files"].items():
            for name, text in files.items():
                write(f"{folder}/{name}", text)

    def empty(self):
        self.server.query(*(f"DROP DATABASE IF EXISTS {name}" for name in self.names), *self.accounts)

    def run(self, at=None, victim="script"):
        """Runs the script; when the server was sent `at` bytes of statements, the victim ends by SIGKILL."""
        start = time.monotonic()
        before = os.path.getsize(LOG)
        with open(f"{WORK}/output", "w") as output:
            script = subprocess.Popen([sys.executable, self.script], stdout=output, stderr=output, start_new_session=True)
        killed = False
        while script.poll() is None and time.monotonic() - start < PATIENCE:
            if at is not None and not killed and os.path.getsize(LOG) - before >= at:
                killed = True
                os.killpg(script.pid, signal.SIGKILL) if victim == "script" else self.server.restart()
            time.sleep(0.001)
        if script.poll() is None:
            os.killpg(script.pid, signal.SIGKILL)
        code = script.wait()
        return {"killed": killed, "code": code, "seconds": round(time.monotonic() - start, 1),
                "bytes": os.path.getsize(LOG) - before,
                "said": tail(f"{WORK}/output")}

    def tables(self):
        names = ", ".join(f"'{name}'" for name in self.names)
        columns = "table_schema, table_name, table_type"
        found = f"SELECT {columns} FROM information_schema.tables WHERE table_schema IN ({names}) ORDER BY 1, 2"
        return self.server.query(found)

    def look(self):
        """By table: a hash of its definition, and its rows; those of tables of versions as they are."""
        seen = {}
        for schema, table, kind in self.tables():
            if kind == "VIEW":
                continue  # the mark, which names the run
            [(_, made)] = self.server.query(f"SHOW CREATE TABLE `{schema}`.`{table}`")
            [(count,)] = self.server.query(f"SELECT COUNT(*) FROM `{schema}`.`{table}`")
            rows = sorted(self.server.query(f"SELECT * FROM `{schema}`.`{table}`")) if table == "alembic_version" else count
            # What comes next is no part of what a table is; neither is the order of constraints.
            lines = sorted(line.split(" AUTO_INCREMENT=")[0].rstrip(",") for line in made.splitlines())
            seen[f"{schema}.{table}"] = [hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], rows]
        return seen


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def tail(path):
    with open(path, errors="replace") as file:
        return file.read()[-1500:]


def differences(wanted, found):
    return {name: [wanted.get(name), found.get(name)] for name in {*wanted, *found} if wanted.get(name) != found.get(name)}


def interrupted(schema, chance, kills):
    """One run after the other is ended at another moment, then one meets the server's end; the last one is left alone."""
    schema.empty()
    whole = schema.run()
    undisturbed = schema.look()
    schema.empty()
    # The log has the time of each second, so that a faster run writes a little less.
    parts = [0.96 * (kill + chance.random()) / kills for kill in range(kills)]
    chance.shuffle(parts)
    victims = ["script"] * (kills - 1) + ["server"]
    runs = []
    for part, victim in zip(parts, victims):
        runs.append({"part": part, "victim": victim, **schema.run(part * whole["bytes"], victim)})
    last, again = schema.run(), schema.run()
    report = {"whole": whole, "runs": runs, "last": last, "again": again}
    tables = [f"{database}.{name}" for database, name, _ in schema.tables()]
    return {**report, "tables": tables, "differences": differences(undisturbed, schema.look())}


def kept(schema, *statements, at=None):
    """A run after these statements, which cannot succeed, and what it has changed."""
    for one in statements:
        schema.server.query(one)
    before = schema.look()
    return {**schema.run(at, "server"), "differences": differences(before, schema.look())}


def finished_once(schema):
    """A schema that was finished and cannot be migrated: without a row of a service's, with one, and when the server ends."""
    versions = f"{schema.names[0]}.alembic_version"
    report = {"no row": kept(schema, f"DELETE FROM {versions}"), "a row": kept(schema, schema.row)}
    return {**report, "the server ends": kept(schema, at=1)}


def unfinished(schema, half):
    """An interrupted schema into which somebody has written a row; then without it, while a transaction of before lingers."""
    schema.empty()
    schema.run(half)
    report = {"a row": kept(schema, schema.row)}
    schema.server.query(f"DELETE FROM {schema.row.split()[2]}")
    with schema.server.connect(schema.names[0]) as lingering:
        with lingering.cursor() as cursor:
            cursor.execute("SELECT * FROM alembic_version")
        report["lingering"] = schema.run()
    return report


def main():
    given = json.load(sys.stdin)
    server = Server(given["user"], given["password"])
    server.make()
    server.start()
    schema = Schema(server, given)
    # A busy machine may look too late at a run that ends; then all of it is done again.
    for _ in range(3):
        report = {"interrupted": interrupted(schema, random.Random(given["seed"]), given["kills"])}
        if all(run["killed"] for run in report["interrupted"]["runs"]):
            break
    # Without a schema there is nothing that could be kept.
    if report["interrupted"]["last"]["code"] == 0:
        report["finished"] = finished_once(schema)
        if given["unfinished"]:
            report["unfinished"] = unfinished(schema, report["interrupted"]["whole"]["bytes"] / 2)
    server.process.kill()
    json.dump(report, sys.stdout)


main()

// The database as OpenStack's services know it: a real server with the configuration that the workload gives it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { imagePython, skip, type ImagePython } from "../harness/image-python.ts";
import { fixedInput } from "../unit/build-input.ts";

/** Two transactions write to one row: the later read it before the earlier wrote. Prints the error of the later, and the row. */
const DRIVER = `
import json, os, subprocess, sys, time
import pymysql
work = "/tmp/isolation"
os.makedirs(work)
with open(f"{work}/my.cnf", "w") as file:
    file.write(sys.stdin.read())
of_root = ["--user=root", f"--datadir={work}/data"]
root = ["--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db"]
subprocess.run(["mariadb-install-db", "--no-defaults", *of_root, *root], check=True, stdout=subprocess.DEVNULL)
paths = [f"--socket={work}/socket", f"--pid-file={work}/pid", "--skip-networking"]
log = open(f"{work}/log", "w")
server = subprocess.Popen(["mariadbd", f"--defaults-file={work}/my.cnf", *of_root, *paths], stdout=log, stderr=log)
def connect():
    return pymysql.connect(unix_socket=f"{work}/socket", user="root")
try:
    for _ in range(300):
        try:
            later, earlier = connect(), connect()
            break
        except pymysql.err.OperationalError:
            time.sleep(0.1)
    else:
        raise SystemExit(open(f"{work}/log").read())
    with later.cursor() as one, earlier.cursor() as other:
        one.execute("CREATE DATABASE d")
        one.execute("CREATE TABLE d.ports (id INT PRIMARY KEY, status INT, revision INT)")
        one.execute("INSERT INTO d.ports VALUES (1, 0, 0)")
        later.commit()
        one.execute("SELECT * FROM d.ports")
        other.execute("UPDATE d.ports SET status = 1")
        earlier.commit()
        error = None
        try:
            one.execute("UPDATE d.ports SET revision = 1 WHERE id = 1")
        except pymysql.err.MySQLError as raised:
            error = str(raised)
        later.commit()
        other.execute("SELECT * FROM d.ports")
        print(json.dumps({"error": error, "rows": other.fetchall()}))
finally:
    server.kill()
    server.wait()
`;

describe("a real MariaDB with the workload's configuration", { skip, timeout: 300_000 }, () => {
  let python: ImagePython;
  before(async () => (python = await imagePython("openstack", ["mariadb"])));
  after(async () => python[Symbol.asyncDispose]());

  test("lets a transaction write a row that another has changed since it was read", async () => {
    const workloads = await loadWorkloads();
    const objects = workloads.find(({ name }) => name === "mariadb")?.build(fixedInput(workloads)) ?? [];
    const [text] = objects.flatMap((object) =>
      "data" in object && typeof object.data === "object" ? [(object.data as Record<string, string>)["my.cnf"]] : [],
    );
    assert.ok(text !== undefined, "there is a my.cnf");
    // Behind a socket no TLS is spoken, and its files are not there.
    const config = text.replaceAll(/^(?:ssl-|tls-|require-secure-transport|tmpdir).*$/gm, "");
    assert.deepEqual(JSON.parse(await python.run(DRIVER, config)), { error: null, rows: [[1, 1, 1]] });
  });
});

"""MySQL cannot roll a schema back: a first migration that was interrupted leaves tables that the next one stumbles over.

So a first migration marks an empty database before it makes a table there, and takes the mark away when it has come to
its end. A run that finds the mark knows that no service has used these tables yet, and begins anew. A database without
the mark was finished once: nothing is ever taken from it, whatever fails.
"""
import configparser
import contextlib
import sys
import time
import uuid

import sqlalchemy
from sqlalchemy import exc, pool

# A view: migrations look at the tables that there are, and nova's makes a second one of each.
MARK = "underpin_unfinished"
# Codes of the client's side, and the seconds in which a server that starts beside us answers.
NO_SERVER = (2002, 2003, 2006, 2013)
PATIENCE = 60


def database_url(config_file, group):
    """The URL of the database that the group of options names."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config_file)
    return sqlalchemy.make_url(parser[group]["connection"])


@contextlib.contextmanager
def restartable(*urls, filled=()):
    """What is inside makes the schemas of these databases; after an interruption the next run makes them anew.

    `filled` names the tables into which the migrations themselves write. A row in any other table keeps them all.
    """
    run = uuid.uuid4().hex
    engines = [sqlalchemy.create_engine(url, poolclass=pool.NullPool) for url in urls]
    first = [engine for engine in engines if begun(engine, run, {"alembic_version", *filled})]
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise
        finish(first, run)
        raise
    finish(first, run)


def begun(engine, run, filled):
    """Marks a database that has no schema, or only an unfinished one; false when it was finished once."""
    with connected(engine) as connection:
        before = mark_of(connection)
        if before is None and tables_of(connection):
            return False
        if before is None:
            made_with = "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()"
            collation = statement(connection, made_with).scalar_one()
        else:
            collation = before.collation_name
            stop_others(connection)
            discard(connection, filled, collation)
        mark = f"SELECT '{run}' AS run, '{collation}' AS collation_name"
        statement(connection, f"CREATE OR REPLACE VIEW `{MARK}` AS {mark}")
    return True


def finish(engines, run):
    for engine in engines:
        with connected(engine) as connection:
            mark = mark_of(connection)
            if mark is None or mark.run != run:
                sys.exit("Another run has begun this schema anew meanwhile; the next one sees what has become of it.")
            statement(connection, f"DROP VIEW `{MARK}`")


def mark_of(connection):
    """Whose mark the database has, and the collation that it was made with."""
    if MARK not in sqlalchemy.inspect(connection).get_view_names():
        return None
    return statement(connection, f"SELECT run, collation_name FROM `{MARK}`").one()


def stop_others(connection):
    """Ends what a run before this one left on the server: its transaction would keep tables from being dropped."""
    others = """SELECT id FROM information_schema.processlist
        WHERE db = DATABASE() AND user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND id <> CONNECTION_ID()"""
    for (number,) in statement(connection, others).all():
        try:
            statement(connection, f"KILL {number}")
        except exc.OperationalError as error:
            print(f"Connection {number} has ended meanwhile: {error.orig}", file=sys.stderr)


def discard(connection, filled, collation):
    tables = tables_of(connection)
    holding = [name for name in sorted(tables - filled) if statement(connection, f"SELECT 1 FROM `{name}` LIMIT 1").first()]
    if holding:
        print(f"The schema is unfinished; nothing is discarded, for there are rows in {', '.join(holding)}.", file=sys.stderr)
        return
    statement(connection, "SET SESSION foreign_key_checks = 0, lock_wait_timeout = 60")
    # A statement that was still at work when its connection was ended may have made one more.
    while made := tables_of(connection):
        statement(connection, "DROP TABLE IF EXISTS " + ", ".join(f"`{name}`" for name in sorted(made)))
        print("The schema was unfinished and held no data: it is made anew.", file=sys.stderr)
    # A migration may have changed what new tables of the database get.
    statement(connection, f"ALTER DATABASE COLLATE {collation}")


def tables_of(connection):
    return set(sqlalchemy.inspect(connection).get_table_names())


def statement(connection, text, **values):
    return connection.execute(sqlalchemy.text(text), values)


def connected(engine):
    """A connection; waits for a server that is starting, too, as after the start of a whole node."""
    for left in range(PATIENCE, -1, -1):
        try:
            return engine.connect()
        except exc.OperationalError as error:
            if left == 0 or error.orig.args[0] not in NO_SERVER:
                raise
            time.sleep(1)

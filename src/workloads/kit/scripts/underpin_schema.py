"""MySQL cannot roll a schema back: a first migration that was interrupted leaves tables that the next one stumbles over."""
import configparser
import contextlib
import sys

import sqlalchemy


@contextlib.contextmanager
def restartable(config_file, group, data_table):
    """When what is inside fails and `data_table` holds no row yet, all tables go away, so that the next run begins anew."""
    try:
        yield
    except Exception:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(config_file)
        discard_if_empty(sqlalchemy.create_engine(parser[group]["connection"]), data_table)
        raise


def discard_if_empty(engine, data_table):
    tables = sqlalchemy.inspect(engine).get_table_names()
    with engine.begin() as connection:
        if data_table in tables and connection.execute(sqlalchemy.text(f"SELECT 1 FROM `{data_table}` LIMIT 1")).first():
            return
        connection.execute(sqlalchemy.text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in tables:
            connection.execute(sqlalchemy.text(f"DROP TABLE `{table}`"))
    if tables:
        print("The schema was unfinished and held no data: discarded; the next run makes it anew.", file=sys.stderr)

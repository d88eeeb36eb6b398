"""A table in a database that refuses writes of those who do not hold the lock any more.

    fenced_table.py [--database FILE] [--endpoints HOST:PORT,…] deposit ACCOUNT AMOUNT
    fenced_table.py [--database FILE] [--endpoints HOST:PORT,…] transfer FROM TO AMOUNT
    fenced_table.py [--database FILE] show

Whoever writes holds the lock /bank and brings its generation. The database keeps the highest that
it has seen, and compares within the transaction that writes: it needs no cell for that. The SQL is
that of SQLite and PostgreSQL.
"""

import argparse
import contextlib
import os
import signal
import sqlite3
import sys

import holdfast

LOCK = "/bank"

SCHEMA = """
-- [schema]
CREATE TABLE IF NOT EXISTS fences (
  lock_path TEXT PRIMARY KEY,
  generation BIGINT NOT NULL  -- The highest that a writer has brought.
);
-- [/schema]
CREATE TABLE IF NOT EXISTS accounts (
  name TEXT PRIMARY KEY,
  balance BIGINT NOT NULL CHECK (balance >= 0)
);
"""

FENCE = """
-- [fence]
INSERT INTO fences (lock_path, generation) VALUES (:lock_path, :generation)
ON CONFLICT (lock_path) DO UPDATE SET generation = excluded.generation
  WHERE excluded.generation >= fences.generation;
-- [/fence]
"""

DEPOSIT = """
INSERT INTO accounts (name, balance) VALUES (:name, :amount)
ON CONFLICT (name) DO UPDATE SET balance = accounts.balance + excluded.balance;
"""


class Overtaken(Exception):
    """A later holder of the lock has written here: nothing of the transaction was done."""


# [fenced]
@contextlib.contextmanager
def fenced(database, lock_path, generation):
    """A transaction of the holder of that acquisition: done as a whole, or refused as a whole."""
    database.execute("BEGIN IMMEDIATE")  # One writer at a time. In PostgreSQL: BEGIN.
    try:
        fence = {"lock_path": lock_path, "generation": generation}
        if database.execute(FENCE, fence).rowcount != 1:
            raise Overtaken(f"a later holder of {lock_path} than {generation} has written")
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
# [/fenced]


def open_database(path):
    # No transactions but those that are begun here.
    database = sqlite3.connect(path, timeout=30, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    database.executescript(SCHEMA)
    return database


def deposit(database, name, amount):
    database.execute(DEPOSIT, {"name": name, "amount": amount})


def transfer(database, source, target, amount):
    taken = database.execute(
        "UPDATE accounts SET balance = balance - :amount WHERE name = :name",
        {"name": source, "amount": amount})
    if taken.rowcount != 1:
        raise ValueError(f"there is no account {source}")
    deposit(database, target, amount)


def write(options, database):
    with holdfast.connect(options.endpoints, lease=options.lease, client_name="bank") as session:
        with session.lock(LOCK, wait=options.wait) as lock:
            lock.check()  # Raises if the lock may be another's by now.
            if options.stop:  # As a full swap or a moved virtual machine would.
                print("stops", flush=True)
                os.kill(os.getpid(), signal.SIGSTOP)
            with fenced(database, LOCK, lock.generation):
                options.write(database, *options.arguments(options))
            print("written", flush=True)


def show(database):
    for name, balance in database.execute("SELECT name, balance FROM accounts ORDER BY name"):
        print(f"{name} {balance}")


def positive(text):
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--database", default="bank.db", help="file (%(default)s)")
    parser.add_argument("--endpoints", default=os.environ.get("HOLDFAST_ENDPOINTS"),
                        help="HOST:PORT,… of the cell's replicas (HOLDFAST_ENDPOINTS)")
    parser.add_argument("--lease", type=float, default=12, help="seconds, of the session")
    parser.add_argument("--wait", type=float, default=30, help="seconds in the lock's queue")
    parser.add_argument("--stop", action="store_true",
                        help="stops itself (SIGSTOP) between the look whether it holds the lock "
                             "and the write, to show what happens; kill -CONT lets it go on")
    commands = parser.add_subparsers(required=True, metavar="deposit | transfer | show")
    one = commands.add_parser("deposit")
    one.add_argument("account")
    one.add_argument("amount", type=positive)
    one.set_defaults(write=deposit, arguments=lambda given: (given.account, given.amount))
    one = commands.add_parser("transfer")
    one.add_argument("source", metavar="from")
    one.add_argument("target", metavar="to")
    one.add_argument("amount", type=positive)
    one.set_defaults(write=transfer,
                     arguments=lambda given: (given.source, given.target, given.amount))
    commands.add_parser("show").set_defaults(write=None)
    return parser.parse_args()


def main():
    options = read_arguments()
    with contextlib.closing(open_database(options.database)) as database:
        try:
            if options.write is None:
                show(database)
            else:
                write(options, database)
        except Overtaken as refused:
            print("refused:", refused, flush=True)
            return 1
        except (holdfast.HoldfastError, sqlite3.Error, ValueError) as failure:
            print("fenced_table:", failure, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

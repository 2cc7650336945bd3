"""A PostgreSQL of the bench's own: durable as a production one, over a Unix socket, in a folder that is thrown away."""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

from machine import Process


def programs() -> pathlib.Path:
    """Debian keeps each version's programs in a folder of its own."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not folders:
        raise RuntimeError("PostgreSQL is not there: scripts/needs.sh bench installs it")
    return folders[-1]


class Cluster:
    def __enter__(self):
        # Not below the target folder: a Unix socket's path is short, and the server may run as another user.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kejing-pg-"))
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.as_user = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root; the package made a user for it.
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chmod(self.folder, 0o755)
        data = self.folder / "data"
        initialise = [programs() / "initdb", "-D", data, "-U", "kejing", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.as_user)
        command = [programs() / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"]
        try:
            # A fast stop: clients are cut off, what is committed is written.
            self.process = Process(command, "postgres", stop=signal.SIGINT, **self.as_user)
            self.process.wait_for(self.ready)
        except BaseException:
            self.__exit__()
            raise
        self.number = 0
        return self

    def __exit__(self, *_):
        if hasattr(self, "process"):
            self.process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready(self):
        asked = [programs() / "pg_isready", "-q", "-h", self.folder, "-U", "kejing", "-d", "postgres"]
        return subprocess.run(asked).returncode == 0

    def sql(self, statement, database="postgres"):
        command = [programs() / "psql", "-qAtX", "-h", self.folder, "-U", "kejing", "-d", database, "-v", "ON_ERROR_STOP=1", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @contextlib.contextmanager
    def database(self):
        self.number += 1
        name = f"season_{self.number}"
        self.sql(f"create database {name}")
        try:
            yield f"postgres://kejing@{urllib.parse.quote(str(self.folder), safe='')}/{name}"
        finally:
            self.sql(f"drop database {name} with (force)")

    def bytes(self, url) -> int:
        """Of a database, without those who are registered."""
        name = re.search(r"[^/]+$", url).group()
        self.sql("checkpoint", name)
        size = "select pg_database_size(current_database()) - coalesce(pg_total_relation_size(to_regclass('participant')), 0)"
        return int(self.sql(size, name))

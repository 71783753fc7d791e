"""
Options that change while a process runs: watches the layer 90-mutable.conf of its configuration, and has oslo.config take
what is in it. Nothing restarts, and a value that oslo.config refuses changes nothing.

A program of OpenStack is run unchanged beside the watch: underpin_reload.py FOLDER PROGRAM ARGUMENT...
An application of a WSGI server: watch = Watch(FOLDER) before anything is imported, then watch.serve(application).

On request, a touch of /tmp/underpin-options, the process writes /tmp/underpin-options.<pid>.json: the names of all options
that it has registered, and the values of the mutable ones that are no secrets.
"""
import contextlib
import functools
import json
import os
import runpy
import sys
# eventlet replaces what is looked up later: these stay the system's own.
from _thread import get_ident, start_new_thread
from os import close as close_file, getpid, open as open_file, pipe, read as read_file, rename, stat, write as write_file
from time import sleep

LAYER = "90-mutable.conf"
REQUEST = "/tmp/underpin-options"
# Seconds between two looks. A look is one read of a small file: measured, 0.025 % of a core.
PERIOD = 0.5


class Refused(Exception):
    """The layer holds what oslo.config cannot read."""


class Watch:
    """What this process knows of its layer. `conf` may be given later, when it is not oslo.config's global one."""

    def __init__(self, folder, conf=None):
        self.layer = os.path.join(folder, LAYER)
        self.given = conf
        self.main = get_ident()
        # Before the process reads its configuration: what comes later is a change.
        self.seen = contents(self.layer)
        self.asked = changed_at(REQUEST)
        self.pending = False
        self.process = getpid()
        self.rope = None

    # Where a change is taken: eventlet's locks work in one thread, that of its hub, and nowhere else.

    def run(self, program, arguments):
        """Runs the program in this thread, which is the hub's when it uses eventlet."""
        import eventlet
        from eventlet import hubs

        after(eventlet, "monkey_patch", self.attach)
        after(hubs, "use_hub", self.in_child)
        self.start(self.to_hub)
        sys.argv = [program, *arguments]
        sys.path[0] = os.path.dirname(program)
        runpy.run_path(program, run_name="__main__")

    def attach(self):
        """Has the hub listen from its beginning on: with nothing to read it may sleep for an hour, and signals do not end that."""
        import eventlet

        bell, self.rope = pipe()
        os.set_blocking(self.rope, False)
        eventlet.spawn(self.listen, eventlet.hubs.trampoline, bell)

    def in_child(self):
        """A launcher's child process has taken a hub of its own; of its parent's threads it has only the main one."""
        if getpid() != self.process and get_ident() == self.main:
            self.process = getpid()
            self.attach()
            self.start(self.to_hub)

    def serve(self, application):
        """The application, which with eventlet takes a change before its next request: only then the hub's thread is free."""
        if not patched():
            self.start(self.take)
            return application
        self.start(lambda: None)

        def serving(environ, start_response):
            if self.pending:
                self.take()
            return application(environ, start_response)

        return serving

    def start(self, tell):
        start_new_thread(self.look, (tell,))

    def look(self, tell):
        while True:
            sleep(PERIOD)
            try:
                self.look_once(tell)
            except Exception as error:  # the watch must not end, whatever is wrong with one look
                say(f"{LAYER} could not be looked at: {type(error).__name__}")

    def look_once(self, tell):
        text = contents(self.layer)
        if text is not None and text != self.seen:
            self.seen = text
            self.pending = True
        tell()
        asked = changed_at(REQUEST)
        if asked != self.asked:
            self.asked = asked
            self.dump()

    def to_hub(self):
        """Called at each look, in a thread of the watch's own."""
        if not patched():
            self.take()
        elif self.pending and self.rope is not None:
            with contextlib.suppress(BlockingIOError):  # it was told already
                write_file(self.rope, b"x")

    def listen(self, trampoline, bell):
        while True:
            self.take()
            trampoline(bell, read=True)
            read_file(bell, 1024)

    # Taking it

    def take(self):
        """Has oslo.config take the layer. Raises nothing."""
        conf = self.conf()
        if conf is None or not self.pending:
            return
        self.pending = False
        try:
            check(conf)
            fresh = conf.mutate_config_files()
            # A thread that asked meanwhile may have kept an old value: it is forgotten, and who acts on changes acts again.
            conf._ConfigOpts__cache.clear()
            if fresh:
                for hook in list(conf._mutate_hooks):
                    hook(conf, fresh)
                say(", ".join(told(conf, group, name) for group, name in fresh))
        except RuntimeError:  # options were registered meanwhile: at the next look again
            self.pending = True
        except (Exception, SystemExit) as error:
            reason = str(error) if isinstance(error, Refused) else type(error).__name__
            say(f"{LAYER} is not taken, what was stays: {reason}")

    def conf(self):
        """The options; None until the process has read its configuration."""
        conf = self.given
        if conf is None:
            module = sys.modules.get("oslo_config.cfg")
            conf = getattr(module, "CONF", None)
        return None if conf is None or getattr(conf, "_namespace", None) is None else conf

    def dump(self):
        conf = self.conf()
        if conf is None:
            return
        infos = list(conf._all_opt_infos())
        mutable = [(info["opt"], group) for info, group in infos if info["opt"].mutable and not info["opt"].secret]
        said = {
            "pid": getpid(),
            "options": sorted(named(group, info["opt"]) for info, group in infos),
            "mutable": {named(group, opt): plain(value(conf, opt, group)) for opt, group in mutable},
            "logLevel": sys.modules["logging"].getLevelName(sys.modules["logging"].root.level),
        }
        path = f"{REQUEST}.{getpid()}.json"
        handle = open_file(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        text = json.dumps(said).encode()
        while text:
            text = text[write_file(handle, text):]
        close_file(handle)
        rename(f"{path}.new", path)


def check(conf):
    """
    Reads the files as oslo.config will, and raises when a mutable option has a value that its type refuses. oslo.config
    itself would end the process for some, and for the others fail each time that they are used.
    """
    try:
        namespace = conf._parse_config_files()
    except SystemExit:
        raise Refused("the value of an option that is one of the command line, too, is not of its type") from None
    except Exception as error:
        raise Refused(f"{type(error).__name__} in {os.path.basename(str(getattr(error, 'config_file', '')))}") from None
    for info, group in conf._all_opt_infos():
        opt = info["opt"]
        if not opt.mutable:
            continue
        try:
            conf._do_get(opt.dest, group, namespace)
        except Exception as error:
            reason = "of another type" if opt.secret else str(error).rpartition("is not valid: ")[2]
            raise Refused(f"{named(group, opt)}: {reason}") from None


def after(module, name, then):
    """Calls `then` whenever the module's function was called."""
    function = getattr(module, name)

    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        then()
        return result

    setattr(module, name, functools.wraps(function)(wrapper))


def patched():
    """eventlet has made this process's threads cooperative."""
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and bool(patcher.is_monkey_patched("thread"))


def value(conf, opt, group):
    return conf._get(opt.dest, group)


def told(conf, group, name):
    """`DEFAULT.debug is now True`, and of a secret only that it changed."""
    holder = conf._groups[group] if group else None
    info = conf._get_opt_info(name.replace("-", "_"), holder)
    shown = "another" if info["opt"].secret else repr(value(conf, info["opt"], holder))
    return f"{named(holder, info['opt'])} is now {shown}"


def named(group, opt):
    return f"{group.name if group else 'DEFAULT'}.{opt.dest}"


def plain(what):
    return what if what is None or isinstance(what, (bool, int, float, str)) else str(what)


def contents(path):
    """Bytes of the file; None when it cannot be read."""
    try:
        handle = open_file(path, os.O_RDONLY)
    except OSError:
        return None
    parts = []
    while part := read_file(handle, 65536):
        parts.append(part)
    close_file(handle)
    return b"".join(parts)


def changed_at(path):
    try:
        return stat(path).st_mtime_ns
    except OSError:
        return None


def say(text):
    """A line of the log in one piece. Not by `logging`, whose locks belong to the process's own threads."""
    write_file(2, f"underpin: {text}\n".encode())


if __name__ == "__main__":
    Watch(sys.argv[1]).run(sys.argv[2], sys.argv[3:])

"""
The real side of the tests of options: options as their services register them, read from files by oslo.config itself.
Reads JSON from standard input and writes JSON to standard output:
{"service": {"namespaces": [...], "distributions": [...]},
 "options": [{"group": ..., "name": name in code, "namespaces": [...], "type": ..., "multi": ...,
              "default": ..., "fromMachine": ...}, ...],
 "files": [{"text": ..., "pairs": [[group of the file, index into options], ...]}, ...],
 "clouds": [{"text": ..., "ask": [index, ...]}]}
In `files` an option stands in groups that are made for the test; in `clouds` all options stand where they belong.
An answer is ["accept", value], ["reject", name of the exception], or ["missing", ""] for an option that is not found.
"""
import copy
import gc
import importlib
import importlib.metadata
import json
import logging
import math
import multiprocessing
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
# Bounds that follow from the number of CPUs are of a machine, not of the option: on this one they are no bounds.
multiprocessing.cpu_count = os.cpu_count = lambda: 10**4400

import underpin_options  # noqa: E402
from oslo_config import cfg  # noqa: E402


def entry_points(group):
    return sorted(importlib.metadata.entry_points(group=group), key=lambda point: (point.name, point.dist.name))


def registered(service):
    """Options by namespace, group and name in code, after the service's hooks have changed the libraries' defaults."""
    found = listed(service["namespaces"])
    for hook in entry_points("oslo.config.opts.defaults"):
        if hook.dist.name in service["distributions"]:
            hook.load()()
    return found


def listed(namespaces):
    found = {}
    for point in entry_points("oslo.config.opts"):
        if point.name not in namespaces:
            continue
        try:
            groups = point.load()()
        except Exception:  # of a library that is not there
            continue
        for group, options in groups:
            for option in options:
                found.setdefault((point.name, getattr(group, "name", group) or "DEFAULT", option.dest), option)
    return found


def plugins():
    from keystoneauth1 import loading

    found = {}
    for point in entry_points("keystoneauth1.plugin"):
        try:
            options = loading.get_plugin_loader(point.name).get_options()
        except Exception:  # its library is not there
            continue
        for option in options:
            real = option._to_oslo_opt()
            found.setdefault(real.dest, real)
    return found


def chosen(service, wanted):
    """The real option of each that is wanted: of the first of its namespaces in the service's order; None: not found."""
    found, auth = registered(service), plugins()
    elsewhere = unlisted() if any(not one["namespaces"] for one in wanted) else {}
    order = {name: index for index, name in enumerate(service["namespaces"])}
    result = []
    for one in wanted:
        ranked = sorted(one["namespaces"], key=lambda namespace: order.get(namespace, len(order)))
        candidates = [found.get((namespace, one["group"], one["name"])) for namespace in ranked]
        real = [candidate for candidate in candidates if candidate is not None]
        if not real and ranked:
            real = [auth[one["name"]]] if one["name"] in auth else []
        if not real and not ranked:
            alike = [option for option in elsewhere.get(one["name"], []) if same_kind(option, one)]
            real = alike[:1]
        result.append(real[0] if real else None)
    return result


# Of what only a running process registers.
MODULES = (
    "keystone.conf",
    "keystonemiddleware.auth_token",
    "neutron.agent.common.utils",
    "neutron.conf.quota",
    "neutron.quota",
    "oslo_messaging._metrics.client",
    "oslo_privsep.priv_context",
)


def unlisted():
    """Options by name in code that no namespace of the service lists: its libraries' and those of loaded modules."""
    listed([point.name for point in entry_points("oslo.config.opts")])
    for module in MODULES:
        try:
            importlib.import_module(module)
        except Exception:  # of another service
            continue
    by_name = {}
    for thing in gc.get_objects():
        if isinstance(thing, cfg.Opt):
            by_name.setdefault(thing.dest, []).append(thing)
    for name, option in plugins().items():
        by_name.setdefault(name, []).append(option)
    return by_name


def same_kind(option, wanted):
    return underpin_options.option_type(option.type) == wanted["type"] and bool(option.multi) == wanted["multi"]


def jsonable(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, range):
        return [jsonable(part) for part in (value.start, value.stop, value.step)]
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    return {"unknown": repr(value)}


def configuration():
    conf = cfg.ConfigOpts()
    # What must be set is not asked here: only what is set.
    conf._check_required_opts = lambda *args, **kwargs: None
    return conf


def read(conf, text):
    """None when the file is taken, or else why not."""
    with tempfile.NamedTemporaryFile("wb", suffix=".conf") as file:
        file.write(text.encode())
        file.flush()
        try:
            conf([], project="trial", default_config_files=[file.name], default_config_dirs=[])
        except (cfg.Error, ValueError) as error:
            return type(error).__name__
    return None


def asked(holder, name):
    try:
        return ["accept", jsonable(holder()[name])]
    except Exception as error:  # whatever it is, the service would not have a value
        return ["reject", type(error).__name__]


def in_groups(file, options):
    conf = configuration()
    pairs = [(group, options[index]) for group, index in file["pairs"]]
    for group, option in pairs:
        if option is None:
            continue
        conf.register_group(cfg.OptGroup(group))
        conf.register_opt(option, group=group)
    refused = read(conf, file["text"])
    if refused:
        return [["reject", refused] for _ in pairs]
    return [["missing", ""] if option is None else asked(lambda: conf[group], option.dest) for group, option in pairs]


# oslo.config registers these itself.
OWN = ("config_file", "config_dir", "config_source", "shell_completion")


def with_default(option, one):
    """The option with the default that it has in a running service, which sets some of them itself."""
    if one["fromMachine"]:
        return option
    option = copy.copy(option)
    option.default = one["default"]
    return option


def in_clouds(clouds, options, wanted):
    conf = configuration()
    for option, one in zip(options, wanted):
        if option is not None and option.dest not in OWN:
            conf.register_opt(with_default(option, one), group=None if one["group"] == "DEFAULT" else one["group"])
    for cloud in clouds:
        refused = read(conf, cloud["text"])
        answers = []
        for index in cloud["ask"]:
            group = wanted[index]["group"]
            holder = (lambda: conf) if group == "DEFAULT" else (lambda: conf[group])
            if options[index] is None:
                answers.append(["missing", ""])
            else:
                answers.append(["reject", refused] if refused else asked(holder, options[index].dest))
        yield answers


def main():
    task = json.load(sys.stdin)
    options = chosen(task["service"], task["options"])
    # The options live as long as the process; looking at them again and again takes half of its time.
    gc.freeze()
    json.dump(
        {
            "missing": [index for index, option in enumerate(options) if option is None],
            "files": [in_groups(file, options) for file in task.get("files", [])],
            "clouds": list(in_clouds(task.get("clouds", []), options, task["options"])),
        },
        sys.stdout,
    )


main()

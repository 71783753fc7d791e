"""
The real side of the tests of options: options as their services register them, read from files by oslo.config itself.
Reads JSON from standard input and writes JSON to standard output:
{"service": {"namespaces": [...], "distributions": [...]}, "options": [[group, name, [namespaces]], ...],
 "files": [{"text": ..., "pairs": [[group of the file, index into options], ...]}, ...],
 "clouds": [{"text": ..., "ask": [index, ...]}]}
In `files` an option stands in groups that are made for the test; in `clouds` all options stand where they belong.
An answer is ["accept", value], ["reject", name of the exception], or ["missing", ""] for an option that is not found.
"""
import gc
import importlib.metadata
import json
import logging
import math
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from oslo_config import cfg  # noqa: E402


def entry_points(group):
    return sorted(importlib.metadata.entry_points(group=group), key=lambda point: (point.name, point.dist.name))


def registered(service):
    """Options by group and name in code, for each namespace."""
    points = {point.name: point for point in entry_points("oslo.config.opts") if point.name in service["namespaces"]}
    loaded = {}
    for name, point in points.items():
        try:
            loaded[name] = point.load()
        except Exception:  # of a library that is not there
            continue
    for hook in entry_points("oslo.config.opts.defaults"):
        if hook.dist.name in service["distributions"]:
            hook.load()()
    found = {}
    for namespace, lister in loaded.items():
        for group, options in lister():
            for option in options:
                found.setdefault((namespace, getattr(group, "name", group) or "DEFAULT", option.dest), option)
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
    elsewhere = alive() if any(not namespaces for _, _, namespaces in wanted) else {}
    order = {name: index for index, name in enumerate(service["namespaces"])}
    result = []
    for group, name, namespaces in wanted:
        ranked = sorted(namespaces, key=lambda namespace: order.get(namespace, len(order)))
        candidates = [found.get((namespace, group, name)) for namespace in ranked]
        real = [candidate for candidate in candidates if candidate is not None]
        result.append(real[0] if real else auth.get(name) or elsewhere.get(name))
    return result


def alive():
    """Options that no namespace lists, of the modules that are loaded: those of whose name there is one only."""
    by_name = {}
    for thing in gc.get_objects():
        if isinstance(thing, cfg.Opt):
            by_name.setdefault(thing.dest, []).append(thing)
    return {name: options[0] for name, options in by_name.items() if len({repr(one.type) for one in options}) == 1}


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


def in_clouds(clouds, options, wanted):
    conf = configuration()
    for option, (group, _, _) in zip(options, wanted):
        if option is not None and option.dest not in OWN:
            conf.register_opt(option, group=None if group == "DEFAULT" else group)
    for cloud in clouds:
        refused = read(conf, cloud["text"])
        answers = []
        for index in cloud["ask"]:
            group = wanted[index][0]
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

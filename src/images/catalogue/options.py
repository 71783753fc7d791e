"""
Lists the options of each service that are installed here, as its own sample generator would: all of its namespaces, after
its hooks have changed the libraries' defaults. Reads the plan as JSON from standard input:
{"facts": {...}, "services": {"nova": {"namespaces": [...], "distributions": [...]}}}, and writes JSON to standard output.
"""
import importlib.metadata
import json
import os
import sys
import traceback
import warnings

import underpin_demand
import underpin_facts
import underpin_options

warnings.simplefilter("ignore")


def entry_points(group):
    return sorted(importlib.metadata.entry_points(group=group), key=lambda point: (point.name, point.dist.name))


def listed(name, service):
    """The options of one service; its process serves no other, since hooks change what all libraries share."""
    found, errors = [], {}
    points = [point for point in entry_points("oslo.config.opts") if point.name in service["namespaces"]]
    loaded = {}
    for point in points:
        try:
            loaded[point.name] = point.load()
        except Exception as error:
            errors[point.name] = f"{type(error).__name__}: {error}"
    # Two distributions may call their hooks alike: a service has those of its own and of its libraries.
    for hook in entry_points("oslo.config.opts.defaults"):
        if hook.dist.name in service["distributions"]:
            hook.load()()
    for namespace, lister in loaded.items():
        for group, options in lister():
            group_name = getattr(group, "name", group) or "DEFAULT"
            for option in options:
                said = underpin_options.describe(group_name, option, current_default(group_name, option))
                found.append({**said, "namespace": namespace})
    known = {(said["group"], said["name"]) for said in found}
    for group, options in underpin_demand.on_demand(name):
        said = [underpin_options.describe(group, option, option.default) for option in options]
        found += [{**one, "namespace": ""} for one in said if (one["group"], one["name"]) not in known]
    return {"options": found, "errors": errors}


def current_default(group, option):
    """A hook may have set the default of what is registered, and not of the option itself."""
    from oslo_config import cfg

    try:
        holder = cfg.CONF if group == "DEFAULT" else cfg.CONF._groups[group]
        info = holder._opts[option.dest]
        return info.get("default", option.default)
    except KeyError:
        return option.default


def auth_options():
    """Options that a plugin of keystoneauth reads from the group that names it as its auth_type."""
    from keystoneauth1 import loading

    found = []
    for point in entry_points("keystoneauth1.plugin"):
        try:
            options = loading.get_plugin_loader(point.name).get_options()
        except Exception:  # its library is not installed: it cannot be chosen
            continue
        for option in options:
            said = option._to_oslo_opt()
            found.append({**underpin_options.describe("", said, said.default), "plugin": point.name})
    return found


def apart(work):
    """What `work` returns, computed in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        # Whatever modules print on the way is not the answer.
        os.dup2(2, 1)
        code = 1
        try:
            with os.fdopen(writer, "w") as pipe:
                json.dump(work(), pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit("the options could not be listed; the reason stands above")
    return json.loads(answer)


def main():
    plan = json.load(sys.stdin)
    underpin_facts.pretend(plan["facts"])
    points = entry_points("oslo.config.opts")
    names = {point.name for point in points}
    # A service's first namespace is its own.
    installed = {name: one for name, one in plan["services"].items() if one["namespaces"][0] in names}
    json.dump(
        {
            "namespaces": {point.name: point.dist.name for point in points},
            "services": {name: apart(lambda: listed(name, service)) for name, service in installed.items()},
            "auth": apart(auth_options),
        },
        sys.stdout,
    )


main()

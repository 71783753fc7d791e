"""Options of oslo.config as plain data: those that a process has registered, and single ones. Imports nothing but oslo.config."""
import math
import re

from oslo_config import cfg, types

# Whole numbers that JSON readers keep exactly.
SAFE = 2**53


def registered_options(conf=cfg.CONF):
    """
    Every option that this process has registered with `conf`, in order of group and name: what `describe` says, with the
    default that was set for this process, if one was. Values that were read are left out: some are secret.
    """
    found = [describe("DEFAULT", info["opt"], info.get("default", info["opt"].default)) for info in conf._opts.values()]
    for name, group in conf._groups.items():
        infos = group._opts.values()
        found += [describe(name, info["opt"], info.get("default", info["opt"].default)) for info in infos]
    return sorted(found, key=lambda option: (option["group"], option["name"]))


def describe(group, opt, default):
    """One option as the catalogue has it. `name` is what stands in a file, which is not always the option's own."""
    # A subcommand has no type, and the path of a file is taken as it stands.
    as_it_is = opt.type is None or isinstance(opt, cfg._ConfigFileOpt)
    said = {
        "group": group,
        "name": opt.dest,
        "type": {"kind": "string"} if as_it_is else option_type(opt.type),
        "multi": True if opt.multi else None,
        "default": default_value(opt, default),
        "sampleDefault": plain(opt.sample_default),
        "secret": True if opt.secret else None,
        "mutable": True if opt.mutable else None,
        "advanced": True if opt.advanced else None,
        "required": True if opt.required else None,
        "deprecated": removal(opt),
        "olderNames": older_names(group, opt) or None,
        "help": text(opt.help) or None,
    }
    # False, 0 and nothing at all are defaults as good as others.
    return {key: value for key, value in said.items() if value is not None}


def removal(opt):
    if not opt.deprecated_for_removal:
        return None
    said = {"reason": text(opt.deprecated_reason), "since": text(opt.deprecated_since)}
    return {"for": "removal", **{key: value for key, value in said.items() if value}}


def older_names(group, opt):
    names = []
    for older in opt.deprecated_opts:
        if not older.name and not older.group:
            continue
        name = {"group": older.group or group, "name": older.name or opt.dest}
        if name not in names and name != {"group": group, "name": opt.dest}:
            names.append(name)
    return names


def default_value(opt, default):
    """What oslo.config has in hand without a file: converted, unless it refers to another option."""
    if default is None:
        return None
    try:
        if refers(default):
            return plain(default)
        return plain([opt.type(one) for one in default] if opt.multi else opt.type(default))
    except (TypeError, ValueError):
        return plain(default)


def refers(default):
    if isinstance(default, (list, tuple)):
        return any(refers(one) for one in default)
    return isinstance(default, str) and "$" in default.replace("\\$", "").replace("$$", "")


def plain(value):
    """The value as JSON can say it."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -SAFE < value < SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, range):
        return [value.start, value.stop, value.step]
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(one) for one in items]
    return str(value)


def text(value):
    return None if value is None else str(value).strip()


def option_type(kind):
    """The type with all that it constrains; `unchecked` when it is not one of oslo.config's own, or judges otherwise."""
    if kind is str:
        return {"kind": "string"}
    if ignores(kind):
        return {"kind": "ignored"}
    base = next((base for base in BASES if isinstance(kind, base) and judges_alike(type(kind), base)), None)
    if base is None:
        owner = kind if isinstance(kind, type) or hasattr(kind, "__qualname__") else type(kind)
        return {"kind": "unchecked", "name": f"{owner.__module__}.{owner.__qualname__}"}
    return {key: value for key, value in BASES[base](kind).items() if value is not None}


def ignores(kind):
    """A function that gives None, whatever it is given: how nova keeps options that a group must have and nobody may set."""
    code, nothing = getattr(kind, "__code__", None), (lambda value: None).__code__
    return code is not None and (code.co_code, code.co_consts) == (nothing.co_code, nothing.co_consts)


def judges_alike(own, base):
    # Constants that a verdict depends on belong to the class.
    constants = ("TRUE_VALUES", "FALSE_VALUES")
    same = all(getattr(own, name, None) == getattr(base, name, None) for name in constants)
    return same and own.__call__ is base.__call__


def string(kind):
    regex, pattern = kind.regex, None
    ignore_case = kind.ignore_case and bool(kind.choices or kind.regex)
    if regex is not None:
        # Flags beside the letters' case are said in the pattern itself.
        letters = {re.ASCII: "a", re.DOTALL: "s", re.MULTILINE: "m", re.VERBOSE: "x"}
        flags = "".join(letter for flag, letter in letters.items() if regex.flags & flag)
        ignore_case = ignore_case or bool(regex.flags & re.IGNORECASE)
        pattern = f"(?{flags}){regex.pattern}" if flags else regex.pattern
    return {
        "kind": "string",
        "choices": choices(kind),
        "ignoreCase": ignore_case or None,
        "quotes": kind.quotes or None,
        "regex": pattern,
        "maxLength": kind.max_length or None,
    }


def choices(kind):
    return None if kind.choices is None else [plain(choice) for choice in kind.choices]


def number(name):
    return lambda kind: {"kind": name, "min": plain(kind.min), "max": plain(kind.max), "choices": choices(kind)}


def version(kind):
    return {"_check_ipv4": 4, "_check_ipv6": 6}.get(kind.version_checker.__name__)


def min_length(kind):
    """Fewest entries; older releases of oslo.config know no such thing."""
    return getattr(kind, "min_length", 0) or None


BASES = {
    types.String: string,
    types.Boolean: lambda kind: {"kind": "boolean"},
    types.Port: number("port"),
    types.Integer: number("integer"),
    types.Float: number("float"),
    types.List: lambda kind: {
        "kind": "list",
        "item": option_type(kind.item_type),
        "bounds": kind.bounds or None,
        "minLength": min_length(kind),
    },
    types.Dict: lambda kind: {
        "kind": "dict",
        "value": option_type(kind.value_type),
        "bounds": kind.bounds or None,
        "minLength": min_length(kind),
        "separator": None if kind.key_value_separator == ":" else kind.key_value_separator,
    },
    types.Range: lambda kind: {
        "kind": "range",
        "min": plain(kind.min),
        "max": plain(kind.max),
        "inclusive": bool(kind.inclusive),
    },
    types.IPAddress: lambda kind: {"kind": "ip", "version": version(kind)},
    types.Hostname: lambda kind: {"kind": "hostname"},
    types.HostDomain: lambda kind: {"kind": "hostdomain", "version": version(kind.ip_address)},
    types.HostAddress: lambda kind: {"kind": "host", "version": version(kind.ip_address)},
    types.URI: lambda kind: {
        "kind": "uri",
        "maxLength": kind.max_length,
        "schemes": None if kind.schemes is None else list(kind.schemes),
    },
}

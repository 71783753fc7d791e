"""Lists the rules that each service's API registers, as JSON: {"services": {"nova": [...]}, "errors": {...}}. Standard input is not read."""
import importlib.metadata
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")


def text(value):
    return None if value is None else str(value).strip() or None


def described(rule):
    operations = [
        {"method": method, "path": operation["path"]}
        for operation in getattr(rule, "operations", None) or []
        for method in methods(operation["method"])
    ]
    said = {
        "name": rule.name,
        "default": rule.check_str,
        "scopes": list(rule.scope_types) if rule.scope_types else None,
        "description": text(rule.description),
        "operations": operations or None,
        "deprecated": deprecation(rule),
    }
    return {key: value for key, value in said.items() if value is not None}


def methods(said):
    return [said] if isinstance(said, str) else list(said)


def deprecation(rule):
    older = getattr(rule, "deprecated_rule", None) or None
    if older is None and not rule.deprecated_for_removal:
        return None
    said = {
        "name": older.name if older is not None and older.name != rule.name else None,
        "rule": older.check_str if older is not None else None,
        "reason": text(rule.deprecated_reason or getattr(older, "deprecated_reason", None)),
        "since": text(rule.deprecated_since or getattr(older, "deprecated_since", None)),
        "removed": True if rule.deprecated_for_removal else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def main():
    answer = os.dup(1)
    os.dup2(2, 1)
    services, errors = {}, {}
    for point in sorted(importlib.metadata.entry_points(group="oslo.policy.policies"), key=lambda one: one.name):
        try:
            services[point.name] = [described(rule) for rule in point.load()()]
        except Exception as error:
            errors[point.name] = f"{type(error).__name__}: {error}"
    with os.fdopen(answer, "w") as file:
        json.dump({"services": services, "errors": errors}, file)
    sys.stdout.flush()
    os._exit(0)


main()

"""
Tells which names of options each component's code can ask for. Input: {"names": [...], "components": {"api": {"modules":
{name: file}, "loadable": ["package", ...]}}}; output: {"api": [names], ...}. A component's code is what it had loaded, what
that imports anywhere, what that names as text, and the packages from which its configuration may choose.
"""
import ast
import json
import multiprocessing
import os
import re
import sys
import sysconfig

SITE = sysconfig.get_path("purelib")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOTTED = re.compile(r"[a-z_][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
# Its table has the managers of all components.
NOT_BY_TEXT = {"nova.service"}


def file_of(module):
    path = os.path.join(SITE, *module.split("."))
    for candidate in (f"{path}.py", os.path.join(path, "__init__.py")):
        if os.path.isfile(candidate):
            return candidate
    return None


def registers_only(module):
    """A module that declares options: there a name as text is a declaration."""
    parts = module.split(".")
    return parts[-1] == "opts" or "conf" in parts[:2]


def scan(module):
    """What a module imports or names as a module, and the names that it can ask an option by."""
    path = file_of(module)
    with open(path, encoding="utf-8", errors="replace") as file:
        tree = ast.parse(file.read())
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    imports, names = set(), set()
    documents = {id(node.body[0].value) for node in ast.walk(tree) if documented(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            imports.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            if module not in NOT_BY_TEXT and DOTTED.fullmatch(node.value):
                imports.update({node.value, node.value.rpartition(".")[0]})
            if not registers_only(module) and len(node.value) < 200:
                names.update(WORD.findall(node.value.replace("-", "_")))
    return module, sorted(imports), sorted(names)


def documented(node):
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def below(package):
    """All modules of a package; a file that is none by its name (a migration, a template) is left out by who asks."""
    root = os.path.join(SITE, *package.split("."))
    for folder, _, files in os.walk(root):
        prefix = os.path.relpath(folder, SITE).replace(os.sep, ".")
        for file in files:
            if file == "__init__.py":
                yield prefix
            elif file.endswith(".py"):
                yield f"{prefix}.{file[:-3]}"


def with_parents(module):
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


def main():
    plan = json.load(sys.stdin)
    wanted = set(plan["names"])
    known = {}
    closures = {}
    frontiers = {
        component: {module for module in one["modules"] if file_of(module)}
        | {module for package in one["loadable"] for module in below(package) if file_of(module)}
        for component, one in plan["components"].items()
    }
    with multiprocessing.Pool(2) as pool:
        while any(frontiers.values()):
            new = sorted(set().union(*frontiers.values()) - known.keys())
            for module, imports, names in pool.imap_unordered(scan, new, chunksize=32):
                known[module] = (imports, wanted.intersection(names))
            for component, frontier in frontiers.items():
                reached = closures.setdefault(component, set())
                reached |= frontier
                found = {parent for module in frontier for name in known[module][0] for parent in with_parents(name)}
                frontiers[component] = {module for module in found - reached if file_of(module)}
    said = {
        component: sorted(set().union(*(known[module][1] for module in modules))) for component, modules in closures.items()
    }
    json.dump({"names": said, "modules": {component: len(modules) for component, modules in closures.items()}}, sys.stdout)


if __name__ == "__main__":
    main()

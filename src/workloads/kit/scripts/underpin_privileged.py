"""
Runs a program of OpenStack with its privileged functions in its own process, which is root already. Beside it each of
oslo.privsep's contexts would be a Python process of its own: 60 to 90 MiB, and 1.5 s when it is first needed.

underpin_privileged.py FIRST MODULES PROGRAM ARGUMENT...
FIRST is the module that the program imports first (it may replace parts of Python's library); MODULES, with commas
between them, are those with the contexts.
"""
import importlib
import os
import runpy
import sys


def main(first, modules, program, *arguments):
    importlib.import_module(first)
    # After the first: it must find Python's library untouched.
    from oslo_privsep.priv_context import PrivContext

    for module in map(importlib.import_module, modules.split(",")):
        for context in vars(module).values():
            if isinstance(context, PrivContext):
                context.set_client_mode(False)
    sys.argv = [program, *arguments]
    sys.path[0] = os.path.dirname(program)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Says of each check string on standard input, a JSON list, whether oslo.policy takes it: the names of the rules it refers to, or null."""
import json
import logging
import sys

from oslo_policy import _checks, _parser


class Failures(logging.Handler):
    """What it cannot read oslo.policy takes for `!`, and logs."""

    count = 0

    def emit(self, record):
        self.count += 1


failures = Failures()
logging.getLogger("oslo_policy").addHandler(failures)
logging.getLogger("oslo_policy").propagate = False


def answer(text):
    failures.count = 0
    rule = _parser.parse_rule(text)
    if failures.count > 0 or not isinstance(rule, _checks.BaseCheck):
        return None
    return sorted(references(rule))


def references(rule):
    if isinstance(rule, _checks.RuleCheck):
        return [rule.match]
    inner = getattr(rule, "rules", None) or ([rule.rule] if hasattr(rule, "rule") else [])
    return [name for one in inner for name in references(one)]


json.dump([answer(text) for text in json.load(sys.stdin)], sys.stdout)

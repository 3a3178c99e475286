"""Renders the cases on standard input with Jinja2, in transformers' environment for chat templates:
sandboxed, blocks trimmed, with break and continue, and with its own functions and filter. Prints
the result of each, or the error."""

import datetime
import json
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


request = json.load(sys.stdin)
now = datetime.datetime(*request["now"])
environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = now.strftime


def render(case):
    try:
        return {"text": environment.from_string(case["template"]).render(**case["variables"])}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([render(case) for case in request["cases"]], sys.stdout)

"""What pip was told by its files and variables, as uv takes it: indexes, proxy, certificates."""

import ast
import os
import re
import subprocess

# What pip's settings are called by uv: options, and variables of the environment.
OPTIONS = {
    "index-url": "--index-url",
    "extra-index-url": "--extra-index-url",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}
VARIABLES = {
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "retries": ("UV_HTTP_RETRIES",),
    "cache-dir": ("UV_CACHE_DIR",),
}
# These change nothing of what is installed here, or from where.
NO_MATTER = """
disable-pip-version-check no-input user require-virtualenv break-system-packages progress-bar
no-color quiet verbose log prefer-binary only-binary no-warn-script-location root-user-action
use-feature use-deprecated upgrade upgrade-strategy no-compile exists-action config-file
require-hashes no-python-version-warning
"""


def read(python):
    """What pip's files and variables tell it for an installation, as {name: value}.

    What comes later in this order wins: [global], [install], PIP_* variables.
    """
    command = [str(python), "-I", "-m", "pip", "config", "list"]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines = re.findall(r"^(global|install|:env:)\.([\w-]+)=(.*)$", told.stdout.decode(), re.M)
    settings = {}
    for section in ("global", "install", ":env:"):
        settings.update((key, ast.literal_eval(value)) for of, key, value in lines if of == section)
    return {key: value for key, value in settings.items() if value}


def for_uv(settings):
    """pip's settings as uv takes them: a list of options, a dict of variables, what it cannot take.

    An index further down is asked as well, since pip does so; the hashes choose the file. The
    constraints are not among the options: uv has none beside --require-hashes.
    """
    options = ["--index-strategy", "unsafe-best-match"]
    variables = {}
    unknown = []
    for key, value in settings.items():
        off = value.lower() in ("0", "false", "no", "off")
        if key in OPTIONS:
            for word in value.split():
                options += [OPTIONS[key], word]
        elif key in VARIABLES:
            variables.update(dict.fromkeys(VARIABLES[key], value))
        elif key in ("no-index", "no-cache-dir"):
            options += [] if off else [{"no-cache-dir": "--no-cache"}.get(key, "--" + key)]
        elif key != "constraint" and key not in NO_MATTER.split():
            unknown.append(key)
    if "UV_CACHE_DIR" in variables:  # a folder of its own beside pip's files
        variables["UV_CACHE_DIR"] = os.path.join(variables["UV_CACHE_DIR"], "uv")
    return options, variables, unknown

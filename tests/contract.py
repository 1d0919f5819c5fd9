"""The sandbox's API keeps to `tests/openapi.json`, and takes what it says and nothing else: schemathesis asks, with real ids.

    NEON_API_HOST=http://127.0.0.1:PORT/api/v2 NEON_API_KEY=napi_… tests/contract.py CASES [ARGUMENT…]

CASES is how many random requests each operation gets, in addition to those that cover its schema. It always asks the same.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HOST, KEY = os.environ["NEON_API_HOST"], os.environ["NEON_API_KEY"]
CONTRACT = Path(__file__).with_name("openapi.json")
# JSON Schema takes 1.0 for an integer, which programs in Go and Rust don't; nobody sends it.
HOOKS = """
import schemathesis


def whole(value):
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


@schemathesis.hook
def map_body(context, body):
    return whole(body)
"""


def ask(method, path, body=None):
    request = urllib.request.Request(HOST + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {KEY}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def settle(project):
    while any(one["status"] in ("running", "scheduling") for one in ask("GET", f"/projects/{project}/operations")["operations"]):
        time.sleep(0.05)


def make(name):
    """A project with one of everything."""
    created = ask("POST", "/projects", {"project": {"name": name}})
    project, main = created["project"]["id"], created["branch"]["id"]
    settle(project)
    branched = ask("POST", f"/projects/{project}/branches", {"branch": {"name": "dev"}, "endpoints": [{"type": "read_write"}]})
    branch = branched["branch"]["id"]
    settle(project)
    ask("POST", f"/projects/{project}/branches/{branch}/roles", {"role": {"name": "reader"}})
    settle(project)
    ask("POST", f"/projects/{project}/branches/{branch}/databases", {"database": {"name": "shop", "owner_name": "reader"}})
    settle(project)
    shared = ask("POST", f"/projects/{project}/permissions", {"email": "friend@example.com"})
    return {
        "project_id": project,
        "branch_id": branch,
        "endpoint_id": branched["endpoints"][0]["id"],
        "operation_id": branched["operations"][0]["id"],
        "role_name": "reader",
        "database_name": "shop",
        "permission_id": shared["id"],
        "parent": main,
    }


def parameters(ids):
    return "".join(f'"path.{name}" = {json.dumps(value)}\n' for name, value in ids.items() if name != "parent")


def main():
    cases, *arguments = sys.argv[1:]
    ids, doomed = make("kept"), make("doomed")
    org = ask("GET", "/users/me/organizations")["organizations"][0]["id"]
    own_key = ask("POST", "/api_keys", {"key_name": "doomed"})["id"]
    org_key = ask("POST", f"/organizations/{org}/api_keys", {"key_name": "doomed"})["id"]
    ids["org_id"] = org
    lines = [
        'hooks = "neonup_hooks"',
        f"generation.max-examples = {cases}",
        "generation.deterministic = true",
        'generation.database = "none"',
        "[parameters]",
        parameters(ids),
        # what is valid may still be refused as things stand: it exists already, is busy, or keeps no history
        "[checks.positive_data_acceptance]",
        'expected-statuses = ["2xx", "404", "409", "412", "422", "423"]',
        "[checks.negative_data_rejection]",
        'expected-statuses = ["400", "401", "404", "405", "409", "412", "413", "415", "422", "423"]',
    ]
    contract = json.loads(CONTRACT.read_text())
    for path, operations in contract["paths"].items():
        # what is deleted is gone afterwards
        if "delete" in operations:
            key = org_key if "organizations" in path else own_key
            own = doomed | {"org_id": org, "key_id": key}
            lines += ["[[operations]]", f'include-name = "DELETE {path}"', "[operations.parameters]", parameters(own)]
    with tempfile.TemporaryDirectory(prefix="neonup-contract-") as folder:
        config = Path(folder, "schemathesis.toml")
        config.write_text("\n".join(lines))
        Path(folder, "neonup_hooks.py").write_text(HOOKS)
        command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run", CONTRACT, "--url", HOST]
        command += ["--header", f"Authorization: Bearer {KEY}", "--phases", "coverage,fuzzing", "--checks", "all"]
        command += ["--no-color", "--continue-on-failure", "--warnings", "off", *arguments]
        sys.exit(subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": folder}).returncode)


main()

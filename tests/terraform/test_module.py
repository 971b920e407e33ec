"""The modules hold, and would not if anything that matters were otherwise."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.runtime import route
from shared.runtime.discover import functions
from tests.terraform.conftest import MODULE, ROOT, Copy, copied

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]


@pytest.fixture
def module(config: Path, tmp_path: Path) -> Copy:
    return copied(MODULE, tmp_path / "terraform", config)


@pytest.fixture(scope="module")
def planned(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The plan of a first deployment, as data."""
    copy = copied(MODULE, tmp_path_factory.mktemp("planned") / "terraform", config)
    variables = {
        "project": "the-house",
        "region": "europe-west3",
        "alert_email": "operator@house.example",
        "source_archive": "route.json",
    }
    given = [f"-var={name}={value}" for name, value in variables.items()]
    copy.must("plan", "-input=false", "-out=plan", *given)
    plan: dict[str, Any] = json.loads(copy.must("show", "-json", "plan"))
    return plan


def resources(plan: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, key and values of every planned resource."""
    for resource in plan["planned_values"]["root_module"]["resources"]:
        if resource["mode"] == "managed":
            yield resource["type"], str(resource.get("index", resource["name"])), resource["values"]


def members(values: dict[str, Any]) -> list[str]:
    return [*values.get("members", ()), *([values["member"]] if values.get("member") else [])]


def test_the_modules_pass_their_own_tests(config: Path) -> None:
    done = subprocess.run([MODULE / "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Success! The configuration is valid.") == 2


def test_without_the_stand_ins_the_check_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "house" / "terraform").mkdir(parents=True)
    check = tmp_path / "house" / "terraform" / "check"
    check.write_bytes((MODULE / "check").read_bytes())
    done = subprocess.run(["bash", check], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"terraform/check: there is no (\.\./shared/terraform-offline|terraform).*\n", done.stderr
    )


def test_terraform_shows_the_same_topology_as_the_picture(planned: dict[str, Any]) -> None:
    """Every solid arrow of the picture is in the plan and the other way round."""
    made = list(resources(planned))
    email = {
        key: values["email"]
        for kind, key, values in made
        if kind == "google_service_account" and key != "build"
    }
    name_of = {address: name for name, address in email.items()}
    writer = {
        values["topic"]: name_of[values["members"][0].removeprefix("serviceAccount:")]
        for kind, _, values in made
        if kind == "google_pubsub_topic_iam_binding"
    }
    arrows = set()
    for kind, _, values in made:
        if kind == "google_pubsub_subscription":
            topic = values["topic"]
            push = values["push_config"][0]
            reader = name_of[push["oidc_token"][0]["service_account_email"]]
            assert push["push_endpoint"].startswith(f"https://house-{reader}-")
            arrows.add((writer[topic], topic, reader))
        if kind == "google_cloud_run_v2_service_iam_binding" and "allUsers" in values["members"]:
            arrows.add(("people", "HTTP", values["name"].removeprefix("house-")))
    picture = route.mermaid(functions())
    drawn = {tuple(found) for found in re.findall(r"^  (\w+) -- (\w+) --> (\w+)$", picture, re.MULTILINE)}
    drawn |= {("people", "HTTP", name) for name in re.findall(r"\(\[\"HTTP .*\"\]\) --> (\w+)", picture)}
    assert arrows == drawn


def test_no_resource_at_all_gives_a_right_to_publish_but_a_topics_own_binding(
    planned: dict[str, Any],
) -> None:
    for kind, key, values in resources(planned):
        role = str(values.get("role", ""))
        if "iam" in kind and kind != "google_pubsub_topic_iam_binding":
            assert not role.startswith("roles/pubsub."), f"{kind}.{key}"
        assert role not in {"roles/owner", "roles/editor"}, f"{kind}.{key}"


def test_everyone_on_earth_may_do_nothing_but_call_what_answers_them(planned: dict[str, Any]) -> None:
    public = {(kind, key) for kind, key, values in resources(planned) if "allUsers" in members(values)}
    answering = {f.name for f in functions() if f.intakes}
    assert public == {("google_cloud_run_v2_service_iam_binding", name) for name in answering}


def test_no_secret_is_in_the_plan(planned: dict[str, Any]) -> None:
    kinds = {kind for kind, _, _ in resources(planned)}
    # A key of Cloud KMS's never leaves it.
    assert not [
        kind for kind in kinds if "secret_version" in kind or ("_key" in kind and "_kms_" not in kind)
    ]


def test_a_new_function_changes_no_hand_written_terraform(module: Copy) -> None:
    document = json.loads((module.folder / "route.json").read_text())
    function = dict(document["functions"]["eventlog"], topic="echoes", secrets=["echo"])
    function["collections"] = {"writes": ["echo"], "reads": ["intake"]}
    document["functions"]["echo"] = function
    document["topics"]["echoes"] = {"writes": "echo", "types": [], "read_by": [], "ordered": False}
    document["firestore"]["collections"].append("echo")
    (module.folder / "route.json").write_text(json.dumps(document))
    module.must("test", *(f"-filter=tests/{suite}.tftest.hcl" for suite in ("route", "rights", "storage")))


MISTAKES = {
    "an attribute that does not exist": ("topics.tf", "enable_message_ordering ", "enable_message_order "),
    "an attribute of the wrong type": ("topics.tf", "write_metadata = true", 'write_metadata = "often"'),
    "a value that is not one of the known": ("functions.tf", '"ALLOW_ALL"', '"ALLOW_EVERYBODY"'),
    "a variable that is not there": ("main.tf", "project_id = var.project", "project_id = var.projekt"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_attribute_fails(module: Copy, mistake: str) -> None:
    module.change(*MISTAKES[mistake])
    validated = module.run("validate")
    if validated.returncode == 0:
        validated = module.run("test", "-filter=tests/route.tftest.hcl")
    assert validated.returncode != 0


BREACHES = {
    "a subscription without retry policy": (
        "route",
        "topics.tf",
        '  retry_policy {\n    minimum_backoff = "1s"\n    maximum_backoff = "600s"\n  }\n',
        "",
        "has no retry policy",
    ),
    "everybody may publish": (
        "rights",
        "topics.tf",
        "members  = [google_service_account.function[each.value.writes].member]",
        "members  = [for account in google_service_account.function : account.member]",
        "Someone else than its owner can publish",
    ),
    "everyone may call": (
        "rights",
        "functions.tf",
        'each.value.http ? ["allUsers"] : [google_service_account.function[each.key].member]',
        '["allUsers"]',
        "Someone else than its own account can call",
    ),
    "a bucket that can be public": (
        "rights",
        "buckets.tf",
        '"enforced"',
        '"inherited"',
        "A bucket could be made public",
    ),
    "an index too few": (
        "storage",
        "firestore.tf",
        "if length(index.fields) > 1 }",
        "if length(index.fields) > 2 }",
        "The indexes are not those",
    ),
    "an archive's name that stays": (
        "route",
        "functions.tf",
        "house-${filesha256(var.source_archive)}.zip",
        "house.zip",
        "does not carry its content hash",
    ),
    "payloads that go before their messages": (
        "storage",
        "buckets.tf",
        "age = 62,",
        "age = 28,",
        "A message could outlive the payload",
    ),
    "a secret for all": (
        "rights",
        "secrets.tf",
        " if contains(secrets, each.key)]",
        "]",
        "can read a secret that it did not ask for",
    ),
    "the key-encryption key for all": (
        "rights",
        "keys.tf",
        " if function.keys]",
        "]",
        "may use the key-encryption key who has no need of it",
    ),
    "everybody deletes bodies": (
        "rights",
        "buckets.tf",
        "for name in local.bucket_functions.archive :",
        "for name in keys(local.functions) :",
        "Someone else than the archiver can delete bodies",
    ),
    "bodies that stay as older versions": (
        "storage",
        "buckets.tf",
        "    bodies = {\n      versions       = false",
        "    bodies = {\n      versions       = true",
        "a body that is deleted stays as one",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_of_what_matters_fails_its_test(module: Copy, breach: str) -> None:
    suite, file, old, new, said = BREACHES[breach]
    module.change(file, old, new)
    done = module.run("test", "-no-color", f"-filter=tests/{suite}.tftest.hcl")
    assert done.returncode != 0
    assert said in " ".join((done.stdout + done.stderr).replace("│", " ").split())


def test_the_route_lies_beside_the_module() -> None:
    assert json.loads((ROOT / "terraform" / "route.json").read_text()) == route.document(functions())

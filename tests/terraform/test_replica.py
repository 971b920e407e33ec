"""The S3 replica, really applied by the AWS provider, read back with boto3, and destroyed."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.terraform.conftest import MODULE, Copy, copied

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]
BUCKET, REGION = "house-replica", "eu-central-1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A whole AWS of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "moto_server has ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def client(name: str, endpoint: str) -> Any:
    """boto3, with keys that open nothing."""
    return boto3.client(  # type: ignore[call-overload]  # the service is not a literal
        name,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )


@pytest.fixture(scope="module")
def module(endpoint: str, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The module as it is, with a provider that talks to the endpoint."""
    local = tmp_path_factory.mktemp("replica") / "module"
    copy = copied(
        MODULE / "s3-replica",
        local,
        config,
        AWS_ACCESS_KEY_ID="none",
        AWS_SECRET_ACCESS_KEY="none",
        AWS_EC2_METADATA_DISABLED="true",
        TF_VAR_bucket=BUCKET,
        TF_VAR_region=REGION,
    )
    services = "\n".join(f'    {service} = "{endpoint}"' for service in ("s3", "iam", "sts"))
    (local / "provider_override.tf").write_text(
        'provider "aws" {\n  s3_use_path_style = true\n  skip_credentials_validation = true\n'
        "  skip_metadata_api_check = true\n  skip_requesting_account_id = true\n"
        f"  endpoints {{\n{services}\n  }}\n}}\n"
    )
    return copy


@pytest.fixture(scope="module")
def applied(module: Copy) -> Copy:
    """The module, applied. What it made ends with the endpoint, if not before."""
    module.must("apply", "-auto-approve", "-input=false")
    return module


@pytest.fixture(scope="module")
def s3(applied: Copy, endpoint: str) -> Any:
    return client("s3", endpoint)


def test_objects_are_locked_for_a_year_and_versioned(s3: Any) -> None:
    lock = s3.get_object_lock_configuration(Bucket=BUCKET)["ObjectLockConfiguration"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    kept = lock["Rule"]["DefaultRetention"]
    assert (kept["Mode"], kept["Days"]) == ("COMPLIANCE", 365)
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_nothing_is_public(s3: Any) -> None:
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert blocked == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    rules = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_what_travels_and_what_lies_there_is_encrypted(s3: Any) -> None:
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert [(s["Effect"], s["Action"], s["Condition"]) for s in policy["Statement"]] == [
        ("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})
    ]
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_what_is_old_gets_cheap_and_nothing_expires(s3: Any) -> None:
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [t["StorageClass"] for rule in rules for t in rule["Transitions"]] == ["GLACIER_IR"]
    assert not [rule for rule in rules if "Expiration" in rule or "NoncurrentVersionExpiration" in rule]


def test_the_one_user_has_no_key_and_can_neither_delete_nor_unlock(applied: Copy, endpoint: str) -> None:
    iam = client("iam", endpoint)
    (user,) = [user["UserName"] for user in iam.list_users()["Users"]]
    assert applied.must("output", "-raw", "writer") == user
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []
    policy = iam.get_user_policy(UserName=user, PolicyName="archive")["PolicyDocument"]
    allowed = {
        (action, statement["Resource"])
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    bucket, objects = f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"
    assert allowed == {
        ("s3:GetObject", objects),
        ("s3:PutObject", objects),
        ("s3:PutObjectRetention", objects),
        ("s3:ListBucket", bucket),
    }


def test_applying_it_again_changes_nothing(applied: Copy) -> None:
    done = applied.run("plan", "-input=false", "-detailed-exitcode")
    assert done.returncode == 0, done.stdout + done.stderr


def test_destroying_it_leaves_nothing(applied: Copy, endpoint: str) -> None:
    applied.must("destroy", "-auto-approve", "-input=false")
    assert client("s3", endpoint).list_buckets()["Buckets"] == []
    assert client("iam", endpoint).list_users()["Users"] == []

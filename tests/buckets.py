"""The services behind the cloud's buckets, on loopback: started when first asked for, gone with the tests."""

import atexit
import os
from functools import cache
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from emulators.storage import storage
from shared.adapters.gcs import GcsBucket
from shared.adapters.s3 import S3Bucket


@cache
def gcs_url() -> str:
    """A storage front of this process."""
    running = storage()
    url = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    return url


@cache
def s3_url() -> str:
    """A moto server of this process; it takes any credentials, but some there must be."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    atexit.register(server.stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def gcs_bucket() -> GcsBucket:
    """A new, empty bucket."""
    from google.cloud.storage import Client

    name, endpoint = f"house-{uuid4().hex}", gcs_url()
    Client(
        "house", client_options={"api_endpoint": endpoint}, use_auth_w_custom_endpoint=False
    ).create_bucket(name)
    return GcsBucket(name, endpoint)


def s3_bucket(*, locking: bool = False) -> S3Bucket:
    """A new, empty bucket, with Object Lock where it is asked for."""
    name, endpoint = f"house-{uuid4().hex}", s3_url()
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name, ObjectLockEnabledForBucket=locking)
    return S3Bucket(name, endpoint)

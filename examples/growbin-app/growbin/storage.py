"""The bucket of the images. The credentials are those of the pod's role, which boto3 gets for the pod's token."""

import functools
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# A URL works until this time, or until the pod's credentials end, in an hour at most.
URL_SECONDS = 300


@functools.cache
def _client():
    # A client is expensive: one per process. AWS_ENDPOINT_URL_S3, if set, is the address of another S3. Signed URLs name the bucket's
    # own host in its region: the global one redirects, which browsers refuse before an upload.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", region_name=os.environ["AWS_REGION"], config=config)


def put(key, data):
    """Stores a JPEG."""
    _client().put_object(Bucket=os.environ["AWS_S3_BUCKET"], Key=key, Body=data, ContentType="image/jpeg")


def get(key, limit):
    """Returns an object, or None if there is none or it has more bytes than the limit."""
    try:
        found = _client().get_object(Bucket=os.environ["AWS_S3_BUCKET"], Key=key)
    except ClientError as error:
        # Without the right to list, S3 does not tell a missing object from a forbidden one.
        if error.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            return None
        raise
    data = found["Body"].read(limit + 1)
    return data if len(data) <= limit else None


def upload_url(key, size):
    """Returns a URL to which anybody may PUT one JPEG with exactly this number of bytes."""
    return _sign("put_object", key, ContentType="image/jpeg", ContentLength=size)


def read_url(key):
    """Returns a URL from which anybody may GET the object."""
    return _sign("get_object", key)


def _sign(operation, key, **more):
    return _client().generate_presigned_url(operation, Params={"Bucket": os.environ["AWS_S3_BUCKET"], "Key": key, **more}, ExpiresIn=URL_SECONDS)

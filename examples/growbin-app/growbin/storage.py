"""The bucket of the images. The credentials are those of the pod's role, which boto3 gets for the pod's token."""

import functools
import os

import boto3


@functools.cache
def _client():
    # A client is expensive: one per process. AWS_ENDPOINT_URL_S3, if set, is the address of another S3.
    return boto3.client("s3", region_name=os.environ["AWS_REGION"])


def put(key, data):
    """Stores a JPEG."""
    _client().put_object(Bucket=os.environ["AWS_S3_BUCKET"], Key=key, Body=data, ContentType="image/jpeg")

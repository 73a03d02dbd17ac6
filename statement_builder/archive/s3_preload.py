"""Imported by the fork server of a batch whose archive is on S3: what every worker process needs of boto3, once.

Otherwise each worker imports boto3 and parses the description of the service, which takes longer than its uploads.
"""

from __future__ import annotations

from contextlib import suppress

from botocore.exceptions import BotoCoreError

from statement_builder.archive.s3 import new_session

with suppress(BotoCoreError, ValueError):  # the owner opens its archive first, and says what is wrong
    # These are no credentials: without any, boto3 would ask the network for some. Nothing is connected.
    new_session().client("s3", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-").close()  # noqa: S106

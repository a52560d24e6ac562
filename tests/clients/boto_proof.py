"""boto3 and botocore with CRT, unmodified, reading nothing but the profile named by AWS_PROFILE.

Run as a program: BUCKET REFRESHES. Prints one JSON object with what it saw (see test_sdk_matrix.py).
"""

import hashlib
import json
import os
import sys
import time
import urllib.request

import boto3


def main(bucket: str, refreshes: int) -> None:
    session = boto3.Session()
    credentials = session.get_credentials()
    sts, s3 = session.client("sts"), session.client("s3")
    identity = sts.get_caller_identity()
    seen = {
        "arn": identity["Arn"],
        "account": identity["Account"],
        "provider": credentials.method,
        "keys": [credentials.get_frozen_credentials().access_key],
        "buckets": [found["Name"] for found in s3.list_buckets()["Buckets"]],
    }
    body = os.urandom(20 * 1024 * 1024)
    s3.put_object(Bucket=bucket, Key="boto/twenty-megabytes", Body=body)
    got = s3.get_object(Bucket=bucket, Key="boto/twenty-megabytes")["Body"].read()
    seen["sameBytes"] = hashlib.sha256(got).digest() == hashlib.sha256(body).digest()
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "boto/twenty-megabytes"}, ExpiresIn=60
    )
    with urllib.request.urlopen(url) as answer:
        seen["presigned"] = answer.status == 200 and answer.read() == body
    for _ in range(refreshes):
        before = seen["keys"][-1]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            sts.get_caller_identity()
            now = credentials.get_frozen_credentials().access_key
            if now != before:
                seen["keys"].append(now)
                break
            time.sleep(0.25)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

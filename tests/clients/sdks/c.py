"""The AWS SDKs' library in C (aws-c-auth), which the C++ and Swift SDKs stand on, through its Python binding.

It finds and signs, but calls nothing: the signed request is sent by urllib. Prints one JSON object.
"""

import json
import os
import re
import sys
import urllib.request

from awscrt.auth import AwsCredentialsProvider, AwsSigningAlgorithm, AwsSigningConfig, aws_sign_request
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import ClientBootstrap, DefaultHostResolver, EventLoopGroup


def main(sts: str) -> None:
    loops = EventLoopGroup(1)
    bootstrap = ClientBootstrap(loops, DefaultHostResolver(loops))
    provider = AwsCredentialsProvider.new_default_chain(bootstrap)
    held = provider.get_credentials().result(60)
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = HttpHeaders(
        [
            ("Host", sts.removeprefix("http://")),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
    )
    request = HttpRequest("POST", "/", headers)
    import io

    request.body_stream = io.BytesIO(body)  # type: ignore[assignment]  # any stream
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4,
        credentials_provider=AwsCredentialsProvider.new_static(
            held.access_key_id, held.secret_access_key, held.session_token
        ),
        region=os.environ.get("AWS_REGION", "us-east-1"),
        service="sts",
    )
    signed = aws_sign_request(request, config).result(60)
    asked = urllib.request.Request(sts, body, dict(signed.headers), method="POST")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        found = re.search("<Arn>([^<]+)</Arn>", answer.read().decode())
    print(json.dumps({"key": held.access_key_id, "arn": found[1] if found else None}))


if __name__ == "__main__":
    main(sys.argv[1])

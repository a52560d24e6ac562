"""boto3: whose credentials does it find, and whom do they sign for? Words: `without-crt`, `hook`, `session`.

`session` asks `daypass.session()`, `hook` is an unchanged program with the import hook on, `without-crt` takes awscrt away.
Prints one JSON object.
"""

import json
import os
import sys


def main(words: set[str]) -> None:
    if "without-crt" in words:
        sys.modules["awscrt"] = None  # type: ignore[assignment]  # importing it fails then, as where it is not installed
    if "hook" in words:
        from daypass.python.import_hook import install

        install()
    import boto3

    if "session" in words:
        import daypass

        session = daypass.session(os.environ.get("AWS_PROFILE"))
    else:
        session = boto3.Session()
    held = session.get_credentials().get_frozen_credentials()
    print(json.dumps({"key": held.access_key, "arn": session.client("sts").get_caller_identity()["Arn"]}))


if __name__ == "__main__":
    main(set(sys.argv[1:]))

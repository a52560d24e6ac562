"""A custom identity broker in its smallest form: assume a role, ask for a sign-in token, print the link.

It is written for AWS and works against a daypass server unchanged; only the endpoint differs. boto3 finds credentials
and the STS endpoint in the profile.

    python examples/console_link.py ROLE-ARN SESSION-NAME --federation http://127.0.0.1:8085/federation
"""

import argparse
import json
import sys
import urllib.parse
import urllib.request

import boto3


def main() -> None:
    """Print one link."""
    parser = argparse.ArgumentParser(description="print a link that signs a browser in as a role")
    parser.add_argument("role_arn")
    parser.add_argument("session_name")
    parser.add_argument("--federation", default="https://signin.aws.amazon.com/federation")
    parser.add_argument("--destination", default="https://console.aws.amazon.com/")
    words = parser.parse_args()

    assumed = boto3.client("sts").assume_role(RoleArn=words.role_arn, RoleSessionName=words.session_name)
    keys = assumed["Credentials"]
    session = {
        "sessionId": keys["AccessKeyId"],
        "sessionKey": keys["SecretAccessKey"],
        "sessionToken": keys["SessionToken"],
    }
    asked = {"Action": "getSigninToken", "SessionDuration": "1800", "Session": json.dumps(session)}
    with urllib.request.urlopen(f"{words.federation}?{urllib.parse.urlencode(asked)}") as answer:
        token = json.load(answer)["SigninToken"]
    login = {"Action": "login", "Issuer": "https://broker.example.com/", "SigninToken": token}
    login["Destination"] = words.destination
    sys.stdout.write(f"{words.federation}?{urllib.parse.urlencode(login)}\n")


if __name__ == "__main__":
    main()

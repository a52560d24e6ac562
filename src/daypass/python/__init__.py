"""daypass inside other people's Python: sessions for boto3 and botocore that renew without a native library.

    daypass.session("dev") ──────> sessions.py ─────────┐
    an import of botocore ──> import_hook.py ───────────┼──> login_provider.py ──> the client's cache, lock, refresh
    AWS CLI v1 ──> daypass.aws_cli_v1 ──────────────────┘

This package stands above `cli`, because it puts a renewal together as the commands do. Importing it imports nothing:
boto3 and botocore belong to the person's program (the extra `daypass[boto3]`), and the hook runs at every start of an
interpreter.
"""

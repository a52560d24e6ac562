"""The AWS SDK for Rust, as py-rattler carries it: a channel of packages is read from s3://BUCKET/channel.

The SDK finds the credentials and signs; the gateway lets nobody else read the bucket. Prints one JSON object.
"""

import asyncio
import json
import os
import sys
import tempfile

from rattler import Channel, Gateway
from rattler.networking import Client, S3Middleware


async def main(bucket: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(cache_dir=folder, client=Client([S3Middleware()]))
        names = await gateway.names([Channel(f"s3://{bucket}/channel")], ["noarch"])
    print(json.dumps({"seen": [name.source for name in names]}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    # The library's threads still hold Python objects while the interpreter is taken down, and now and then that
    # ends in SIGSEGV or SIGABRT after all is done and printed. So the process ends here, before that begins.
    sys.stdout.flush()
    os._exit(0)

// The AWS SDK for JavaScript v3, unmodified, with its default chain: whose credentials does it find?
// Prints one JSON line. With the argument "ask" it calls GetCallerIdentity too.
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'

const found = await fromNodeProviderChain()()
const seen = { key: found.accessKeyId }
if (process.argv[2] === 'ask') seen.arn = (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn
console.log(JSON.stringify(seen))

// The AWS SDK for JavaScript v3, unmodified, with its default chain: whose credentials does it find?
// Prints one JSON line. With the argument "ask" it calls GetCallerIdentity too; with a bucket behind it, it writes there.
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3'

const found = await fromNodeProviderChain()()
const seen = { key: found.accessKeyId }
if (process.argv[2] === 'ask') seen.arn = (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn
if (process.argv[3]) {
  const put = new PutObjectCommand({ Bucket: process.argv[3], Key: 'js', Body: 'x' })
  seen.wrote = await new S3Client({ forcePathStyle: true }).send(put).then(() => true, (refusal) => refusal.message)
}
console.log(JSON.stringify(seen))

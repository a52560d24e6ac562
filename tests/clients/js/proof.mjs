// The AWS SDK for JavaScript v3, unmodified, reading nothing but the profile named by AWS_PROFILE.
// Usage: node proof.mjs BUCKET REFRESHES
// Does GetCallerIdentity, ListBuckets, PutObject 20 MB, GetObject, presigned GET; then, REFRESHES times, waits
// until the credentials change and calls again. Prints one JSON line with what it saw.
import { createHash, randomBytes } from 'node:crypto'
import { fromLoginCredentials } from '@aws-sdk/credential-providers'
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { S3Client, ListBucketsCommand, PutObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

const [bucket, refreshes] = process.argv.slice(2)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const sts = new STSClient({})
const s3 = new S3Client({ forcePathStyle: true })
const seen = { keys: [] }

const identity = await sts.send(new GetCallerIdentityCommand({}))
seen.arn = identity.Arn
seen.account = identity.Account
seen.keys.push((await sts.config.credentials()).accessKeyId)
seen.buckets = (await s3.send(new ListBucketsCommand({}))).Buckets.map((b) => b.Name)

const body = randomBytes(20 * 1024 * 1024)
await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'js/twenty-megabytes', Body: body }))
const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'js/twenty-megabytes' }))
seen.sameBytes = sha256(await got.Body.transformToByteArray()) === sha256(body)

const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: 'js/twenty-megabytes' }), { expiresIn: 60 })
const fetched = await fetch(url)
seen.presigned = fetched.status === 200 && sha256(Buffer.from(await fetched.arrayBuffer())) === sha256(body)

for (let n = 0; n < Number(refreshes ?? 0); n += 1) {
  const before = seen.keys.at(-1)
  for (let tries = 0; tries < 120; tries += 1) {
    await sts.send(new GetCallerIdentityCommand({}))
    const now = (await sts.config.credentials()).accessKeyId
    if (now !== before) { seen.keys.push(now); break }
    await sleep(250)
  }
}
// The login provider by name, without the chain.
const direct = await fromLoginCredentials({ profile: process.env.AWS_PROFILE })()
seen.direct = direct.accessKeyId.slice(0, 4)
console.log(JSON.stringify(seen))

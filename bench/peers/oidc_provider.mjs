// The peer: node-oidc-provider with DPoP and refresh rotation, its own in-memory adapter, one process.
// Prints `READY {"url": …, "refresh_tokens": […]}` once it listens. Usage: node oidc_provider.mjs PORT JKT COUNT
import { promisify } from 'node:util'
import * as crypto from 'node:crypto'
import { Provider } from 'oidc-provider'

const [port, jkt, count] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const { privateKey } = await promisify(crypto.generateKeyPair)('ec', { namedCurve: 'P-256' })
const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'terminal',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [jwk] },
  features: { dPoP: { enabled: true }, devInteractions: { enabled: false } },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  scopes: ['openid', 'offline_access'],
  findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 900, IdToken: 900, RefreshToken: 43200, Grant: 43200, Session: 43200 },
})

const client = await provider.Client.find('terminal')
const refreshTokens = []
for (let n = 0; n < Number(count); n += 1) {
  const grant = new provider.Grant({ accountId: `person-${n}`, clientId: 'terminal' })
  grant.addOIDCScope('openid offline_access')
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    accountId: `person-${n}`, client, grantId, scope: 'openid offline_access', gty: 'authorization_code',
    authTime: Math.floor(Date.now() / 1000), rotations: 0,
  })
  token.jkt = jkt
  refreshTokens.push(await token.save())
}

provider.listen(Number(port), '127.0.0.1', () => {
  console.log('READY ' + JSON.stringify({ url: `${issuer}/token`, refresh_tokens: refreshTokens }))
})

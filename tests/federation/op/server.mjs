// A real OpenID Connect provider (npm oidc-provider) for proofs of federated sign-in: loopback, http, own login form.
// Usage: node server.mjs CONFIG.json   Prints `READY {"issuer": …}` once it serves; ends with its standard input.
// CONFIG: {"clients": [client metadata], "users": {name: {"password": …, "claims": {…}}}}
// Control (POST, JSON), for the test only: /control/rotate, /control/clients, /control/users, /control/logout,
// /control/id-token. A rotation or a change of clients makes a new Provider on the same issuer and the same storage.
import * as crypto from 'node:crypto'
import * as http from 'node:http'
import { readFileSync } from 'node:fs'
import { Provider } from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const state = { clients: config.clients, users: config.users, keys: [newKey()], provider: null, sessions: [] }
const cookieKeys = [crypto.randomBytes(32).toString('hex')]
const records = new Map()

function newKey() {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: crypto.randomUUID() }
}

// Storage that outlives a Provider: oidc-provider's own in-memory one belongs to a single instance.
class Records {
  constructor(model) { this.model = model }
  key(id) { return `${this.model}:${id}` }
  async upsert(id, payload, expiresIn) {
    records.set(this.key(id), { payload, endsAt: expiresIn ? Date.now() + expiresIn * 1000 : Infinity })
  }
  async find(id) {
    const record = records.get(this.key(id))
    return record && record.endsAt > Date.now() ? record.payload : undefined
  }
  async findBy(member, value) {
    for (const [key, record] of records) {
      if (key.startsWith(`${this.model}:`) && record.payload[member] === value) return record.payload
    }
    return undefined
  }
  async findByUid(uid) { return this.findBy('uid', uid) }
  async findByUserCode(userCode) { return this.findBy('userCode', userCode) }
  async consume(id) { records.get(this.key(id)).payload.consumed = Math.floor(Date.now() / 1000) }
  async destroy(id) { records.delete(this.key(id)) }
  async revokeByGrantId(grantId) {
    for (const [key, record] of records) if (record.payload.grantId === grantId) records.delete(key)
  }
}

function account(sub) {
  const user = state.users[sub]
  return user && { accountId: sub, claims: async () => ({ ...user.claims, sub }) }
}

function newProvider(issuer) {
  const claims = new Set(Object.values(state.users).flatMap((user) => Object.keys(user.claims)))
  const provider = new Provider(issuer, {
    adapter: Records,
    clients: state.clients,
    jwks: { keys: state.keys },
    cookies: { keys: cookieKeys },
    claims: { openid: ['sub', ...claims] },
    scopes: ['openid', 'offline_access'],
    conformIdTokenClaims: false, // the claims of the scope go into the ID token
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (_ctx, sub) => account(sub),
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
    // Its guard against private addresses would also stop the call to the service under proof, on loopback.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
    loadExistingGrant: async (ctx) => { // nobody is asked for consent
      const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
      grant.addOIDCScope('openid offline_access')
      await grant.save()
      return grant
    },
  })
  provider.on('authorization.success', (ctx) => {
    const { client, session } = ctx.oidc
    const entry = { user: session.accountId, client: client.clientId, sid: session.sidFor(client.clientId) }
    state.sessions = state.sessions.filter((known) => known.sid !== entry.sid).concat(entry)
  })
  provider.on('server_error', (_ctx, error) => console.error(error))
  return provider
}

async function readBody(request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

function answer(response, status, type, text) {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
}

const form = (error) => `<!doctype html><html lang="en"><title>Log in</title><h1>Log in</h1><p role="alert">${error}</p>
<form method="post"><label for="user">User name</label><input id="user" name="user" autocomplete="username">
<label for="password">Password</label><input id="password" name="password" type="password"><button>Log in</button></form>`

async function interact(request, response) {
  await state.provider.interactionDetails(request, response)
  if (request.method !== 'POST') return answer(response, 200, 'text/html; charset=utf-8', form(''))
  const fields = new URLSearchParams(await readBody(request))
  const user = state.users[fields.get('user')]
  if (!user || user.password !== fields.get('password')) {
    return answer(response, 200, 'text/html; charset=utf-8', form('Wrong user name or password'))
  }
  return state.provider.interactionFinished(request, response, { login: { accountId: fields.get('user') } })
}

const control = {
  // keep: whether the old keys stay published beside the new one
  rotate: async ({ keep }) => {
    state.keys = [newKey(), ...(keep ? state.keys : [])]
    state.provider = newProvider(state.provider.issuer)
    return { kid: state.keys[0].kid }
  },
  clients: async ({ clients }) => {
    state.clients = clients
    state.provider = newProvider(state.provider.issuer)
    return {}
  },
  users: async ({ users }) => {
    state.users = users
    state.provider = newProvider(state.provider.issuer)
    return {}
  },
  // Ends the person's sessions here and tells every client that has them (Back-Channel Logout).
  logout: async ({ user }) => {
    const ended = state.sessions.filter((entry) => entry.user === user)
    state.sessions = state.sessions.filter((entry) => entry.user !== user)
    for (const [key, { payload }] of records) if (payload.accountId === user) records.delete(key)
    const told = []
    for (const entry of ended) {
      const client = await state.provider.Client.find(entry.client)
      if (!client?.backchannelLogoutUri) continue
      const outcome = await client.backchannelLogout(user, entry.sid).then(() => 'ok', (error) => error.message)
      told.push({ ...entry, outcome })
    }
    return { told }
  },
  'id-token': async ({ user, client: clientId }) => {
    const client = await state.provider.Client.find(clientId)
    const token = new state.provider.IdToken(await (await account(user)).claims(), { client, ctx: undefined })
    token.scope = 'openid'
    return { id_token: await token.issue({ use: 'idtoken' }) }
  },
}

async function serve(request, response) {
  const path = new URL(request.url, 'http://op').pathname
  if (path.startsWith('/interaction/')) return interact(request, response)
  if (!path.startsWith('/control/')) return state.provider.callback()(request, response)
  const step = control[path.slice('/control/'.length)]
  if (!step || request.method !== 'POST') return answer(response, 404, 'text/plain', 'no such control')
  return answer(response, 200, 'application/json', JSON.stringify(await step(JSON.parse(await readBody(request)))))
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error)
    if (!response.headersSent) answer(response, 500, 'text/plain', String(error.message))
  })
})
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  state.provider = newProvider(issuer)
  console.log('READY ' + JSON.stringify({ issuer }))
})
process.stdin.resume().on('end', () => process.exit(0))

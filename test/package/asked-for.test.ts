/**
 * What applications asked for, in a project of its own against the packed package, by its public names only: a hub and two sites as one program, and a
 * visitor on the wire. How each behaves in full is tested by itself; here each is called once where an installer has put it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect } from 'chai'

import { readersProject } from '../support/readers-project.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'

const API = 'https://api.example'

const PROGRAM = `
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'
import { createSite } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

const told = []
const names = ['hub', 'shop', 'travel']
const servers = names.map(() => createServer().listen(0, '127.0.0.1'))
await Promise.all(servers.map((server) => once(server, 'listening')))
const [hubOrigin, ...origins] = servers.map((server, at) => 'http://' + names[at] + '.localhost:' + server.address().port)
const made = await Promise.all(origins.map((origin) => generateSite(origin)))
const hub = await createHub({
  origin: hubOrigin,
  keys: generateHubKeys(),
  sites: made.map(({ registration }) => ({ ...registration, mayImpersonate: true })),
  store: memoryStore(),
  singleSession: (subject, { claims }) => {
    told.push(['singleSession', subject, claims])
    return claims.plan === 'single'
  },
})
servers[0].on('request', express().use(hub.router))

async function start(origin, at) {
  const session = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const site = await createSite({
    origin,
    hub: hubOrigin,
    keys: { ...made[at].keys, session },
    audiences: ['${API}'],
    mayStore: (req) => !req.headers['x-undecided'],
    onSignedIn: ({ subject, claims }) => void told.push(['onSignedIn', subject, claims]),
    onReplaced: ({ from, source, wasEmpty }) => void told.push(['onReplaced', from, source, wasEmpty]),
    onEnded: ({ origin, subject, reason }) => void told.push(['onEnded', origin, subject, reason]),
  })
  const app = express()
  app.use(site.router, site.session(), express.json())
  app.post('/sign-in', async (req, res) => res.json((await site.signIn(req, res, req.body)) ?? {}))
  app.post('/claims', async (req, res) => {
    const { authTime } = req.session
    await req.session.updateClaims(req.body)
    res.json({ claims: req.session.claims, isSameTime: req.session.authTime === authTime })
  })
  app.get('/csrf', (req, res) => res.json([req.session.secretFor('csrf'), req.session.secretFor('csrf'), req.session.secretFor('other')]))
  app.post('/act', async (req, res) => {
    await site.actAs(req, res, { subject: 'bob', reason: 'Ticket 4711' })
    res.json({ subject: req.session.subject, actor: req.session.actor?.subject })
  })
  app.get('/recent', site.requireRecent(600), (req, res) => res.json({}))
  app.post('/stop', async (req, res) => res.json({ stopped: await site.stopActing(req, res), subject: req.session.subject }))
  app.post('/token', async (req, res) => {
    const token = await req.session.tokenFor('${API}')
    const { subject } = await verifySession(token, { issuer: origin, audience: '${API}', jwks: req.body })
    res.json({ subject, members: Object.keys(JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))) })
  })
  app.get('/sessions', async (req, res) => res.json(await site.sessions(req)))
  app.get('/who', async (req, res) => res.json({ subject: req.session.subject, data: await req.session.data() }))
  app.post('/erase', async (req, res) => res.json({ erased: await hub.sessions.erase('ada') }))
  app.get('/told', (req, res) => res.json(told))
  app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: error.code ?? String(error) }))
  servers[at + 1].on('request', app)
}
await Promise.all(origins.map(start))
console.log(JSON.stringify({ hub: hubOrigin, shop: origins[0], travel: origins[1] }))
`

describe('a project of its own, on the packed package', () => {
  const project = readersProject([])
  let child: ChildProcess
  let visitor: Visitor
  let [hub, shop, travel] = ['', '', '']

  before(async () => {
    const folder = await project.folder('asked-for')
    await writeFile(join(folder, 'app.mjs'), PROGRAM)
    child = spawn(process.execPath, ['app.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    ;({ hub, shop, travel } = JSON.parse(line) as { hub: string; shop: string; travel: string })
  })
  after(async () => {
    const exit = once(child, 'exit')
    child.kill()
    await exit
  })
  beforeEach(() => {
    visitor = new Visitor(hub)
  })

  const signIn = (subject: string, claims = {}, of = visitor, headers = {}) =>
    of.post(shop, '/sign-in', { subject, claims }, headers)
  const told = async () => (await visitor.ask(`${shop}/told`)).json as unknown as unknown[][]
  const post = async (path: string, body = {}) => (await visitor.post(shop, path, body)).json

  it('changes claims without a new sign-in, and tells its hooks of a sign-in', async () => {
    await signIn('ada', { name: 'Ada' })
    expect(await post('/claims', { name: 'Ada L.' })).to.deep.equal({
      claims: { name: 'Ada L.' },
      isSameTime: true,
    })
    expect(await told()).to.deep.include(['onSignedIn', 'ada', { name: 'Ada' }])
  })

  it('has a value for forms that belongs to the session and to its purpose', async () => {
    await signIn('ada')
    const [one, again, other] = (await visitor.ask(`${shop}/csrf`)).json as unknown as string[]
    expect(one).to.match(/^[\w-]{43}$/)
    expect(again).to.equal(one)
    expect(other).to.not.equal(one)
  })

  it('lets an administrator act as a user and come back; what needs a recent sign-in is refused meanwhile', async () => {
    await signIn('root')
    expect((await visitor.ask(`${shop}/recent`)).status).to.equal(200)
    expect(await post('/act')).to.deep.equal({ subject: 'bob', actor: 'root' })
    expect((await visitor.ask(`${shop}/recent`)).status).to.equal(403)
    expect(await post('/stop')).to.deep.equal({ stopped: true, subject: 'root' })
  })

  it('makes a token for a service, without a handle, which the service verifies', async () => {
    await signIn('ada')
    const { json: jwks } = await visitor.ask(`${shop}/session-hub/jwks.json`)
    const { subject, members } = await post('/token', jwks)
    expect(subject).to.equal('ada')
    expect(members).to.include('aud').and.not.include('sk')
  })

  it('says where a session came from, and on which sites it lives', async () => {
    await signIn('ada')
    await visitor.sync(shop)
    expect((await visitor.sync(travel)).outcome).to.equal('replace')
    expect(await told()).to.deep.include(['onReplaced', shop, 'frame', true])
    const sessions = (await visitor.ask(`${travel}/sessions`)).json as unknown as { isCurrent: boolean }[]
    expect(sessions.find(({ isCurrent }) => isCurrent)).to.deep.include({ site: shop, sites: [shop, travel] })
  })

  it('asks for a single session by the claims, and tells of the end of the other one', async () => {
    const before = new Visitor(hub)
    await signIn('eve', { plan: 'single' }, before)
    await before.ask(`${shop}/who`)
    await signIn('eve', { plan: 'single' })
    expect(await told()).to.deep.include(['singleSession', 'eve', { plan: 'single' }])
    const ended = JSON.stringify(['onEnded', shop, 'eve', 'replaced-elsewhere'])
    await until(async () => (await told()).some((one) => JSON.stringify(one) === ended))
    expect((await before.ask(`${shop}/sessions`)).status).to.equal(401)
  })

  it('stores nothing before a visitor has agreed', async () => {
    const { json, headers } = await signIn('ada', {}, visitor, { 'x-undecided': 'yes' })
    expect(json).to.deep.equal({ error: 'consent_required' })
    expect(headers).to.not.have.property('set-cookie')
  })

  it('erases a user', async () => {
    await signIn('ada')
    const { erased } = await post('/erase')
    expect(erased).to.be.above(0)
    expect((await visitor.ask(`${shop}/sessions`)).status).to.equal(401)
  })
})

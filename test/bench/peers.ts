/**
 * `npm run bench peers`: what handing a session to a site costs the server in the middle, beside what others do for it. Their packages are
 * installed first, into a folder of `build`. Both keep their records in memory here, which spares them the disk.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { generateHubKeys, generateSite } from 'session-hub/hub'

import { importTicketKey, importSigningKey } from '../../sdk/tokens/keys.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { openTicket } from '../../sdk/tokens/ticket.js'
import { binding, Visitor } from '../support/visitor.js'
import { signedInVisitor } from './company.js'
import { compared, inTurns, type Work } from './cpu.js'
import { createLoad, type Load } from './load.js'
import { type Group, type Row, spreadRow } from './row.js'
import { type BenchServer, startServer } from './server.js'

const TIMES = 100
/** Fewer than elsewhere: what is compared differs by factors. */
const ROUNDS = 10
const SOURCE = new URL('../../../test/bench/peers/', import.meta.url)
const FOLDER = new URL('../../peers/', import.meta.url)

/** The two requests of one handover, done so many times each: the second needs what the first has given. */
interface Handover {
  readonly issue: Work
  readonly redeem: Work
}

export const peers: Group = {
  name: 'peers',
  isSeldom: true,
  async measure() {
    await install()
    const servers: BenchServer[] = []
    const start = async (hostname: string) => {
      const server = await startServer(hostname)
      servers.push(server)
      return server
    }
    const load = createLoad()
    try {
      const bare = await start('127.0.0.1')
      await bare.become({ name: 'bare' })
      const hub = await ownHub(await start('hub.localhost'), await start('shop.localhost'), load)
      const oidc = await oidcProvider(await start('op.localhost'), load)
      const auth = await betterAuth(await start('auth.localhost'), load)
      const figures = await inTurns(
        {
          bare: {
            servers: [bare],
            times: TIMES,
            run: (times) =>
              load.repeat(times, () =>
                load.ask(`${bare.origin}/`, { method: 'POST', body: { name: 'ada', items: [1, 2, 3] } }),
              ),
          },
          hubIssue: hub.issue,
          hubRedeem: hub.redeem,
          oidcIssue: oidc.issue,
          oidcRedeem: oidc.redeem,
          authIssue: auth.issue,
          authRedeem: auth.redeem,
        },
        ROUNDS,
      )
      const row = (what: string, [issue, redeem]: [number[], number[]], note: string): Row =>
        spreadRow(
          compared(
            issue.map((micros, round) => micros + redeem[round]!),
            figures.bare,
            (whole, one) => whole / one,
          ),
          { what, unit: 'bare POSTs', note },
        )
      return [
        row(
          'Session Hub: GET /frame with a ticket, and its redemption',
          [figures.hubIssue, figures.hubRedeem],
          'CPU time of the hub alone, SQLite in a file. What the site does with the answer is in the group transfer.',
        ),
        row(
          'oidc-provider: silent sign-in (prompt=none), and the code for tokens',
          [figures.oidcIssue, figures.oidcRedeem],
          'CPU time of the provider alone, in memory; PKCE, client_secret_basic, an ID token signed with ES256.',
        ),
        row(
          'better-auth: a one-time token, and its verification',
          [figures.authIssue, figures.authRedeem],
          'CPU time of its server alone, in memory. The token is bound to no page and to no site.',
        ),
      ]
    } finally {
      load.close()
      await Promise.all(servers.map((server) => server.stop()))
    }
  },
}

async function install(): Promise<void> {
  await cp(SOURCE, FOLDER, { recursive: true })
  if (existsSync(new URL('node_modules/', FOLDER))) return
  const parameters = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  await promisify(execFile)('npm', parameters, { cwd: fileURLToPath(FOLDER) })
}

const peer = (file: string, options: object) =>
  ({ name: 'peer', module: new URL(file, FOLDER).href, options }) as const

async function ownHub(hub: BenchServer, site: BenchServer, load: Load): Promise<Handover> {
  const { keys, registration } = await generateSite(site.origin)
  await hub.become({
    name: 'hub',
    options: { origin: hub.origin, keys: generateHubKeys(), sites: [registration] },
  })
  await site.become({ name: 'site', options: { origin: site.origin, hub: hub.origin, keys } })
  const cookie = await signedInVisitor(hub.origin, site.origin)
  const signingKey = await importSigningKey(keys.signing, 'bench')
  const ticketKey = await importTicketKey(keys.ticket, 'bench')
  const ticketKeys = new Map([[ticketKey.kid, ticketKey]])
  let tickets: string[] = []
  return {
    issue: {
      servers: [hub],
      times: TIMES,
      async run(times) {
        tickets = []
        await load.repeat(times, async () => {
          const query = new URLSearchParams({ site: site.origin, nonce: binding().nonce })
          const html = await load.ask(`${hub.origin}/frame?${query}`, {
            headers: {
              cookie,
              referer: `${site.origin}/`,
              'sec-fetch-dest': 'iframe',
              'sec-fetch-site': 'cross-site',
              'sec-fetch-storage-access': 'active',
            },
          })
          tickets.push(/"ticket":"([^"]+)"/.exec(html)![1]!)
        })
      },
    },
    redeem: {
      servers: [hub],
      times: TIMES,
      async run(times) {
        const iat = Math.floor(Date.now() / 1000)
        const own = { iss: site.origin, aud: hub.origin, iat, exp: iat + 60 }
        const authorization = `Bearer ${await signToken('site+jwt', own, signingKey)}`
        await load.repeat(times, async (index) => {
          const claims = await openTicket(tickets[index]!, ticketKeys)
          const { grant, jti, exp, mode, origin, nonce, sub } = claims
          await load.ask(`${hub.origin}/backchannel/redeem`, {
            method: 'POST',
            headers: { authorization },
            body: { grant, jti, exp, mode, origin, nonce, sub, previous: null, overrule: false },
          })
        })
      },
    },
  }
}

const CLIENT = {
  client_id: 'shop',
  client_secret: 'a secret of the shop, for this measurement alone',
  redirect_uris: ['http://shop.localhost/callback'],
} as const

async function oidcProvider(server: BenchServer, load: Load): Promise<Handover> {
  const { origin } = server
  await server.become(peer('oidc-provider.mjs', { origin, client: CLIENT }))
  const [redirect] = CLIENT.redirect_uris
  const question = (nonce: string, more: Record<string, string> = {}) =>
    `${origin}/auth?${new URLSearchParams({
      client_id: CLIENT.client_id,
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'openid',
      state: nonce,
      nonce,
      code_challenge: nonce,
      code_challenge_method: 'S256',
      ...more,
    })}`
  const cookie = await signInByForms(origin, question(binding().nonce), redirect)
  const secret = Buffer.from([CLIENT.client_id, CLIENT.client_secret].map(encodeURIComponent).join(':'))
  let codes: { code: string; verifier: string }[] = []
  return {
    issue: {
      servers: [server],
      times: TIMES,
      async run(times) {
        codes = []
        await load.repeat(times, async () => {
          const { verifier, nonce } = binding()
          const { headers } = await load.reply(question(nonce, { prompt: 'none' }), { headers: { cookie } })
          const code = new URL(headers.location ?? '', origin).searchParams.get('code')
          if (code === null) throw new Error(`There is no code in ${headers.location ?? 'no address'}`)
          codes.push({ code, verifier })
        })
      },
    },
    redeem: {
      servers: [server],
      times: TIMES,
      run: (times) =>
        load.repeat(times, async (index) => {
          const { code, verifier } = codes[index]!
          const text = await load.ask(`${origin}/token`, {
            method: 'POST',
            headers: {
              authorization: `Basic ${secret.toString('base64')}`,
              'content-type': 'application/x-www-form-urlencoded',
            },
            body: new URLSearchParams({
              grant_type: 'authorization_code',
              code,
              redirect_uri: redirect,
              code_verifier: verifier,
            }).toString(),
          })
          if (!text.includes('"id_token"')) throw new Error('There is no ID token')
        }),
    },
  }
}

/** As a visitor does it: the provider's own pages for signing in and for agreeing. @returns the cookies that are left */
async function signInByForms(origin: string, question: string, redirect: string): Promise<string> {
  const visitor = new Visitor(origin)
  let next = question
  for (let step = 0; step < 10 && !next.startsWith(redirect); step += 1) {
    const { headers, text } = await visitor.ask(next)
    if (headers.location !== undefined) {
      next = new URL(headers.location, origin).href
      continue
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? ''
    const answer = await visitor.ask(next, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ prompt, login: 'ada', password: 'lovelace' }).toString(),
    })
    next = new URL(answer.headers.location ?? '', origin).href
  }
  return [...visitor.cookies(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
}

async function betterAuth(server: BenchServer, load: Load): Promise<Handover> {
  const { origin } = server
  await server.become(peer('better-auth.mjs', { origin }))
  const visitor = new Visitor(origin)
  await visitor.post(origin, '/api/auth/sign-up/email', {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    password: 'the enchantress of number',
  })
  const cookie = [...visitor.cookies(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
  let tokens: string[] = []
  return {
    issue: {
      servers: [server],
      times: TIMES,
      async run(times) {
        tokens = []
        await load.repeat(times, async () => {
          const text = await load.ask(`${origin}/api/auth/one-time-token/generate`, { headers: { cookie } })
          tokens.push((JSON.parse(text) as { token: string }).token)
        })
      },
    },
    redeem: {
      servers: [server],
      times: TIMES,
      run: (times) =>
        load.repeat(times, (index) =>
          load.ask(`${origin}/api/auth/one-time-token/verify`, {
            method: 'POST',
            headers: { origin },
            body: { token: tokens[index] },
          }),
        ),
    },
  }
}

/** What `session-hub serve` is told about the life of sessions, in JSON and in code: it does it. */
import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import { generateHubKeys } from '../../hub/keys/generate.js'
import { newFolder, type Folder, type RunningHub } from './command.js'
import { refusalOfConfig } from './refusals.js'
import { signEs256 } from '../support/forge.js'
import { type Reply, send } from '../support/visitor.js'

const ORIGIN = 'https://hub.example'
const SHOP = 'https://shop.example'
const DAY = 86_400

describe('session-hub serve, told how sessions live', () => {
  let folder: Folder
  let keys: GeneratedSiteKeys
  let sites: readonly object[]
  let hub: RunningHub

  beforeEach(async () => {
    folder = newFolder()
    const made = await generateSite(SHOP)
    keys = made.keys
    sites = [made.registration]
  })
  afterEach(() => folder.close())

  const serve = async (config: object) => {
    hub = await folder.serve({ sites, store: 'hub.sqlite', ...config })
  }
  function act(name: string, body: object): Promise<Reply> {
    const iat = Math.floor(Date.now() / 1000)
    const header = { alg: 'ES256', typ: 'site+jwt', kid: keys.signing.kid }
    const token = signEs256({ header, payload: { iss: SHOP, aud: ORIGIN, iat, exp: iat + 60 } }, keys.signing)
    return send(`${hub.url}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
  }
  const signIn = async (subject: string, handle: unknown = null) =>
    (await act('sign-in', { handle, subject, claims: {} })).json
  /** Why there is no such session any more; `null` while there is. */
  const endOf = async (handle: unknown) => (await act('read', { handle })).json.end_reason ?? null

  it('ends a user’s other sessions at a sign-in', async () => {
    await serve({ singleSession: true })
    const [one, two] = [await signIn('ada'), await signIn('ada')]
    expect([await endOf(one.handle), await endOf(two.handle)]).to.deep.equal(['replaced-elsewhere', null])
  })

  it('ends the oldest one of too many', async () => {
    await serve({ maxSessions: 2 })
    const all = [await signIn('ada'), await signIn('ada'), await signIn('ada')]
    const ends = await Promise.all(all.map(({ handle }) => endOf(handle)))
    expect(ends).to.deep.equal(['replaced-elsewhere', null, null])
  })

  it('refuses one of too many', async () => {
    await serve({ maxSessions: 1, evict: 'refuse' })
    const [one, two] = [await signIn('ada'), await signIn('ada')]
    expect([await endOf(one.handle), two.error]).to.deep.equal([null, 'session_limit'])
  })

  it('ends all of a user’s sessions at a sign-out', async () => {
    await serve({ endAllOnSignOut: true })
    const [one, two] = [await signIn('ada'), await signIn('ada')]
    await act('end', { handle: one.handle })
    expect([await endOf(one.handle), await endOf(two.handle)]).to.deep.equal(['signed-out', 'signed-out'])
  })

  it('lets them live as long as it says', async () => {
    await serve({
      lifetimes: {
        anonymous: { idleSeconds: DAY },
        signedIn: { idleSeconds: 5 * DAY, absoluteSeconds: 2 * DAY },
      },
    })
    const left = (view: Record<string, unknown>) => Math.round(Number(view.expires_at) - Date.now() / 1000)
    const anonymous = await act('update', { handle: null, patch: { wish: 1 } })
    expect(left(anonymous.json)).to.be.closeTo(DAY, 5)
    expect(left(await signIn('ada'))).to.be.closeTo(2 * DAY, 5)
  })

  for (const [merge, expected] of [
    ['fill', { cart: [1], wish: 1 }],
    ['winner', {}],
    [{ default: 'winner', keys: { cart: 'union' } }, { cart: [1] }],
  ] as const) {
    it(`merges by ${JSON.stringify(merge)}`, async () => {
      await serve({ merge })
      const { handle } = (await act('update', { handle: null, patch: { cart: [1], wish: 1 } })).json
      expect((await signIn('ada', handle)).data).to.deep.equal(expected)
    })
  }

  it('takes all of it at once', async () => {
    await serve({
      lifetimes: { signedIn: { idleSeconds: 1800 } },
      singleSession: false,
      maxSessions: 5,
      evict: 'oldest',
      endAllOnSignOut: false,
      conflict: 'site',
      merge: { default: 'fill', keys: { cart: 'union', points: 'sum' } },
    })
    expect(await signIn('ada')).to.include({ subject: 'ada' })
  })

  const wrong: readonly [config: object, says: string][] = [
    [{ merge: 'unite' }, '"merge" has to be one of "fill", "winner", "loser"'],
    [
      { merge: { keys: { cart: 'fill' } } },
      'merge: keys: "cart" has to be one of "winner", "loser", "union", "sum"',
    ],
    [
      { lifetimes: { signedIn: { idleSeconds: 5 } } },
      'lifetimes.signedIn: "idleSeconds" has to be a whole number',
    ],
    [{ singleSession: 'true' }, '"singleSession" has to be true or false'],
    [{ maxSessions: '3' }, '"maxSessions" has to be a whole number from 1 to 1000'],
    [{ evict: 'all' }, '"evict" has to be one of "oldest", "refuse"'],
    [{ endAllOnSignOut: 1 }, '"endAllOnSignOut" has to be true or false'],
    [{ sessionSeconds: 60 }, 'unknown option "sessionSeconds"'],
    [{ findSite: 'shop' }, '"findSite" is code; write the configuration as .mjs'],
  ]
  for (const [config, says] of wrong) {
    it(`refuses ${JSON.stringify(config)} in one line that names the file`, async () => {
      folder.write('hub-keys.json', generateHubKeys())
      const good = { origin: ORIGIN, keys: 'hub-keys.json', sites, store: 'hub.sqlite' }
      expect(await refusalOfConfig(folder, { ...good, ...config }))
        .to.match(/^hub\.json: /)
        .and.to.include(says)
    })
  }

  it('asks the rules of a configuration in code', async () => {
    await serve({})
    folder.write(
      'hub.mjs',
      `import { readFileSync } from 'node:fs'
       const json = JSON.parse(readFileSync(new URL('hub.json', import.meta.url), 'utf8'))
       export default {
         ...json,
         store: 'memory',
         singleSession: async (subject, { site }) => subject === 'ada' && site === '${SHOP}',
         endAllOnSignOut: (subject) => subject === 'bob',
         conflict: () => 'hub',
         merge: ({ from, into, reason }) => ({ ...from, ...into, [reason]: true }),
       }`,
    )
    hub = await folder.start('hub.mjs')
    const ada = [await signIn('ada'), await signIn('ada')]
    expect(await Promise.all(ada.map(({ handle }) => endOf(handle)))).to.deep.equal([
      'replaced-elsewhere',
      null,
    ])
    const bob = [await signIn('bob'), await signIn('bob')]
    await act('end', { handle: bob[0]!.handle })
    expect(await endOf(bob[1]!.handle)).to.equal('signed-out')
    const { handle } = (await act('update', { handle: null, patch: { cart: [1] } })).json
    expect((await signIn('cleo', handle)).data).to.deep.equal({ cart: [1], 'signed-in': true })
  })
})

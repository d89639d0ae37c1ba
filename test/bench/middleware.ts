/** What `site.listener`, or `site.router` and `site.session()`, add to each request of an application. */
import { randomBytes } from 'node:crypto'

import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import { importSessionKey } from '../../sdk/tokens/keys.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { wrapHandle } from '../support/handles.js'
import { inTurns } from './cpu.js'
import { createLoad } from './load.js'
import { type Group, spreadRow } from './row.js'
import { startServer } from './server.js'
import { middleHalfOf } from './spread.js'

/** Many short rounds: what is measured is a few hundredths of what a request costs, and two halves of one round differ by as much. */
const TIMES = 400
const ROUNDS = 75
/** How many visitors there are; each process has seen all of them before. */
const VISITORS = 500

export const middleware: Group = {
  name: 'middleware',
  async measure() {
    const bare = await startServer('127.0.0.1')
    await bare.become({ name: 'bare' })
    const page = await startServer('shop.localhost')
    const { keys } = await generateSite(page.origin)
    // Nobody listens there: within freshness no request asks the hub.
    await page.become({ name: 'page', options: { origin: page.origin, hub: 'http://hub.localhost:9', keys } })
    const newCookies = await cookieMaker(page.origin, keys)
    const known = await newCookies(VISITORS)
    const load = createLoad()

    const get = (path: string, cookies: readonly string[]) => (times: number) =>
      load.repeat(times, (index) =>
        load.ask(page.origin + path, { headers: { cookie: cookies[index % cookies.length]! } }),
      )

    try {
      const without = { servers: [page], times: TIMES, run: get('/without', known) }
      const { post, before, behind, fresh, first, after } = await inTurns(
        {
          post: {
            servers: [bare],
            times: TIMES,
            run: (times) =>
              load.repeat(times, () =>
                load.ask(`${bare.origin}/`, { method: 'POST', body: { name: 'ada', items: [1, 2, 3] } }),
              ),
          },
          before: without,
          behind: { servers: [page], times: TIMES, run: get('/behind', known) },
          fresh: { servers: [page], times: TIMES, run: get('/with', known) },
          first: {
            servers: [page],
            times: TIMES,
            run: async (times) => get('/with', await newCookies(times))(times),
          },
          after: without,
        },
        ROUNDS,
      )
      // On both sides of what is measured: what changes from minute to minute falls out.
      const added = (to: readonly number[]) =>
        byPosts(to.map((micros, round) => micros - (before[round]! + after[round]!) / 2))
      const byPosts = (figures: readonly number[]) =>
        middleHalfOf(figures.map((micros, round) => micros / post[round]!))
      return [
        spreadRow(added(behind), {
          what: 'site.listener, within freshness',
          unit: 'bare POSTs',
          target: { atMost: 0.1 },
          note: `What it adds to a GET of the Express application behind it: the same page with and without it, in one process. The middle half of ${ROUNDS} rounds.`,
        }),
        spreadRow(added(fresh), {
          what: 'site.router and site.session(), within freshness',
          unit: 'bare POSTs',
          target: { atMost: 0.15 },
          note: 'What they add to the same page as middleware of Express.',
        }),
        spreadRow(added(first), {
          what: 'the same, on first sight of a session token',
          unit: 'bare POSTs',
        }),
        spreadRow(byPosts(after.map((micros, round) => micros - before[round]!)), {
          what: 'the page without a site against itself',
          unit: 'bare POSTs',
          note: 'What is left of the noise, by the same reckoning: nothing is added.',
        }),
      ]
    } finally {
      load.close()
      await Promise.all([bare.stop(), page.stop()])
    }
  },
}

/** Cookies of signed-in visitors, as the site itself would have set them a moment ago. */
async function cookieMaker(
  origin: string,
  keys: GeneratedSiteKeys,
): Promise<(count: number) => Promise<string[]>> {
  const key = await importSessionKey(keys.session, 'bench')
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')
  const make = async () => {
    const iat = Math.floor(Date.now() / 1000)
    const who = { sub: 'ada', auth_time: iat, claims: { name: 'Ada Lovelace', locale: 'en-GB' } }
    const claims = {
      iss: origin,
      aud: origin,
      iat,
      exp: iat + 300,
      sk: wrapHandle(random(32), keys.session.k),
      ...who,
    }
    const token = await signToken('session+jwt', claims, key, 'HS256')
    return `__Host-session=${token}; __Host-session-state=${random(16)}`
  }
  return (count) => Promise.all(Array.from({ length: count }, make))
}

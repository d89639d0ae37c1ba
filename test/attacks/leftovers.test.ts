/**
 * R31: what is left of visitors who have no session, after very many of their requests: no memory, no descriptor, no line of log for each, no row.
 * `npm run test:leftovers` asks ten times as often.
 */
import { readdirSync } from 'node:fs'
import http from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'

import { binding, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

const REQUESTS = Number(process.env['LEFTOVERS'] ?? 6000)
const AT_ONCE = 16
const MEGABYTE = 2 ** 20

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

interface State {
  readonly heapMb: number
  readonly descriptors: number
  readonly logBytes: number
  readonly rows: number
}

describe('R31: very many requests of visitors who have no session', () => {
  const store = watchedStore()
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
  let world: World
  before(async () => {
    world = await startWorld({ sites: ['shop'], hub: { store }, site: { live: true } })
  })
  after(() => world.close())

  function ask(url: string, method: string, headers: Record<string, string>): Promise<void> {
    const { port, host, pathname, search } = new URL(url)
    return new Promise((resolve, reject) => {
      const req = http.request(
        { agent, host: '127.0.0.1', port, method, path: pathname + search, headers: { host, ...headers } },
        (res) => res.resume().on('end', resolve),
      )
      req.on('error', reject)
      req.end(method === 'POST' ? '{}' : undefined)
    })
  }

  /** Each request is another stranger's: other names, tokens, cookies and nonces. */
  function oneOf(time: number): Promise<void> {
    const [hub, shop] = [world.hub.origin, world.siteOf('shop').origin]
    const { nonce, verifier } = binding()
    const cookie = `__Host-session-hub=${verifier}; __Host-session=x.${verifier}.x; __Host-session-state=${nonce.slice(0, 22)}`
    const site = time % 2 ? shop : `https://${time}.example`
    const window = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', cookie }
    const json = { 'content-type': 'application/json', cookie }
    const ways: (() => Promise<void>)[] = [
      () =>
        ask(`${hub}/frame?site=${site}&nonce=${nonce}`, 'GET', {
          'sec-fetch-dest': 'iframe',
          'sec-fetch-storage-access': 'active',
          referer: `${site}/`,
          cookie,
        }),
      () => ask(`${hub}/redirect?site=${site}&nonce=${nonce}`, 'GET', window),
      () => ask(`${hub}/unlock?site=${site}`, 'GET', window),
      () =>
        ask(`${hub}/exchange`, 'POST', {
          ...json,
          origin: hub,
          'sec-fetch-site': 'same-origin',
          'x-session-hub': '1',
        }),
      () => ask(`${hub}/backchannel/${verifier}`, 'POST', json),
      () => ask(`${hub}/backchannel/read`, 'POST', { ...json, authorization: `Bearer x.${verifier}.x` }),
      () => ask(`${hub}/sdk.js?${verifier}`, 'GET', { cookie }),
      () => ask(`${shop}/who?${verifier}`, 'GET', { cookie }),
      () => ask(`${shop}/session-hub/redirect?return=/${verifier}`, 'GET', window),
      () => ask(`${shop}/session-hub/offer`, 'POST', { ...json, origin: shop }),
      () => ask(`${shop}/session-hub/sign-out`, 'POST', { ...json, origin: shop }),
      () => ask(`${shop}/session-hub/live`, 'GET', { 'sec-fetch-site': 'same-origin', cookie }),
    ]
    return ways[time % ways.length]!()
  }

  async function many(from: number, count: number): Promise<void> {
    let next = from
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < from + count) await oneOf((next += 1))
      }),
    )
  }

  function state(): State {
    world.hub.listener.seen.length = 0
    world.siteOf('shop').listener.seen.length = 0
    collectGarbage()
    return {
      heapMb: process.memoryUsage().heapUsed / MEGABYTE,
      descriptors: readdirSync('/proc/self/fd').length,
      logBytes: world.log.reduce((bytes, entry) => bytes + JSON.stringify(entry).length, 0),
      rows: store.rows(),
    }
  }

  it(`leave nothing behind: memory, descriptors, log and rows after ${REQUESTS} of them`, async () => {
    await many(0, 1200)
    const before = state()
    await many(1200, REQUESTS)
    const after = state()
    if (process.env['LEFTOVERS']) console.log(before, after)
    expect(after.rows).to.equal(0)
    expect(after.descriptors - before.descriptors).to.be.below(AT_ONCE)
    expect(after.logBytes).to.be.below(100_000)
    // What is remembered is bounded: refused names, counted addresses, tokens that were read.
    expect(after.heapMb - before.heapMb).to.be.below(40)
    const visitor = new Visitor(world.hub.origin)
    expect((await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })).status).to.equal(
      200,
    )
  }).timeout(600_000)
})

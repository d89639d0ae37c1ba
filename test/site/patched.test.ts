/** Libraries that put something of their own in the place of what the language or Node has, in the process of a site. */
import { spawnSync } from 'node:child_process'
import http from 'node:http'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { needs } from '../support/adapters/abilities.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Patch {
  readonly apply: () => void
  readonly undo: () => void
}

function patchOf<Place extends object, Name extends keyof Place>(
  place: Place,
  name: Name,
  instead: (own: Place[Name]) => Place[Name],
): Patch {
  const own = place[name]
  return {
    apply: () => void (place[name] = instead(own)),
    undo: () => void (place[name] = own),
  }
}

class OtherPromise<Result> extends Promise<Result> {}

const patches: Record<string, Patch> = {
  'another Promise, as bluebird and zone.js do': patchOf(globalThis, 'Promise', () => OtherPromise),
  // It makes an object of the headers that it is given, to add some of its own.
  'another http.request, as OpenTelemetry does': patchOf(
    http,
    'request',
    (own) =>
      ((options: http.RequestOptions, ...rest: []) =>
        own({ ...options, headers: Object.assign({}, options.headers) }, ...rest)) as typeof own,
  ),
  'a clock with parts of milliseconds': patchOf(Date, 'now', (own) => () => own() + 0.25),
  'members that every object has': {
    apply: () => void Object.assign(Object.prototype, { everywhere: 'here' }),
    undo: () => void Reflect.deleteProperty(Object.prototype, 'everywhere'),
  },
}

/** What other tests have loaded into this process would not stand these members: prom-client watches the garbage collection, and never stops. */
const OWN_PROCESS = 'members that every object has'
const isAlone = process.env.PATCHED_ALONE !== undefined

describe('a library that brings', () => {
  let world: World
  let undo: (() => void) | undefined

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'], sisters: true })
  })
  afterEach(async () => {
    undo?.()
    undo = undefined
    await world.close()
  })

  for (const [what, patch] of Object.entries(patches)) {
    it(`${what}, changes nothing`, async function () {
      if (what === OWN_PROCESS) {
        needs(this, 'objects with a member more')
        if (!isAlone) {
          expect(runAlone(what)).to.include({ status: 0 }).and.property('stdout').to.include('1 passing')
          return
        }
      }
      const [shop, travel] = ['shop', 'travel'].map((name) => world.siteOf(name).origin) as [string, string]
      const ada = new Visitor(world.hub.origin)
      ;({ undo } = patch)
      patch.apply()
      expect((await ada.post(shop, '/cart', { item: 'boots' })).json).to.deep.equal({ cart: ['boots'] })
      expect((await ada.sync(shop)).outcome).to.equal('adopt')
      expect((await ada.sync(travel)).outcome).to.equal('replace')
      expect((await ada.post(travel, '/sign-in', { name: 'ada' })).json).to.deep.equal({ subject: 'ada' })
      await ada.sync(travel)
      expect((await ada.sync(shop)).redeemed?.status).to.equal(200)
      // Its token is not fresh any more, so the hub is asked before the application is.
      world.advance(301)
      expect(await ada.whoami(shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
      expect((await ada.redirect(travel)).arrival).to.match(/^redirect\.keep/)
      const { replies } = await ada.copy().follow(travel, `${shop}/whoami`)
      expect(replies.at(-1)?.json).to.include({ subject: 'ada' })
    })
  }
})

/** Such a test of this file, by itself. */
const runAlone = (title: string) =>
  spawnSync(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', '--forbid-only', fileURLToPath(import.meta.url), '--grep', title],
    { env: { ...process.env, PATCHED_ALONE: '1' }, encoding: 'utf8' },
  )

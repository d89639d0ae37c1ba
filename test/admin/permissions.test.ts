/** Who may do what to whom: permission × target × act, by page and by program, and what is written down of it. */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import { type AdminWorld, type Kind, kinds, startAdminWorld } from '../support/admin-world.js'
import type { Reply } from '../support/visitor.js'

/** Subjects: an ordinary user, and one whom `isAdmin` names. */
const targets = { ordinary: 'ada', administrator: 'root' } as const
type Target = keyof typeof targets

const MAY: Readonly<Record<Kind, readonly Target[]>> = {
  reader: [],
  helper: ['ordinary'],
  chief: ['ordinary', 'administrator'],
  ender: ['ordinary'],
  keeper: [],
}
const MAY_READ: readonly Kind[] = ['reader', 'helper', 'chief']
const MAY_CHANGE_SITES: readonly Kind[] = ['keeper']

describe('an administrator', () => {
  let world: AdminWorld
  beforeEach(async () => (world = await startAdminWorld()))
  afterEach(() => world.world.close())

  /** The ref of the one session of this user, as somebody sees it who sees everything. */
  const refOf = async (subject: string) => {
    const { json } = await world.program('chief')(`/admin/api/sessions?subject=${subject}`)
    return (json.sessions as { ref: string }[])[0]!.ref
  }

  const acts: Readonly<Record<string, (kind: Kind, subject: string) => Promise<Reply>>> = {
    'end one, by page': async (kind, subject) => {
      const [admin, ref] = [await world.admin(kind), await refOf(subject)]
      return admin.send('/admin/end', { one: ref })
    },
    'end all of a user, by page': async (kind, subject) => {
      const admin = await world.admin(kind)
      return admin.send('/admin/end-subject', { subject, sure: 'yes' })
    },
    'end all of a user, by program': (kind, subject) =>
      world.program(kind)('/admin/api/sessions/end', { subject }),
  }

  for (const kind of kinds) {
    for (const [target, subject] of Object.entries(targets) as [Target, string][]) {
      const may = MAY[kind].includes(target)
      for (const [act, run] of Object.entries(acts)) {
        it(`${kind}: ${act}, of an ${target} user: ${may ? 'done' : 'refused'}`, async () => {
          const user = await world.signedIn(subject)

          const reply = await run(kind, subject)

          expect(reply.status).to.equal(may ? (act.includes('program') ? 200 : 303) : 403)
          expect(await world.who(user, world.shop)).to.equal(may ? null : subject)
          expect(await world.acts()).to.deep.equal([
            {
              who: kind,
              act: act.includes('all') ? 'end-all' : 'end',
              subject,
              outcome: may ? 'done' : 'refused',
            },
          ])
        })
      }
    }

    for (const path of ['/admin', '/admin/audit', '/admin/api/sessions', '/admin/api/audit']) {
      const may = MAY_READ.includes(kind)
      it(`${kind}: read ${path}: ${may ? 'shown' : 'refused'}`, async () => {
        await world.signedIn('ada')

        const reply = path.includes('/api/')
          ? await world.program(kind)(path)
          : await (await world.admin(kind)).read(path)

        expect(reply.status).to.equal(may ? 200 : 403)
        if (!may) expect(reply.text).not.to.include('ada')
      })
    }
  }

  const bulk = {
    'a selection, by page': async (kind: Kind, refs: string[]) => {
      const admin = await world.admin(kind)
      const { status, headers } = await admin.send('/admin/end-selected', { ref: refs, sure: 'yes' })
      return status === 303 ? (await admin.read(String(headers.location))).text : status
    },
    'all that match, by page': async (kind: Kind) => {
      const admin = await world.admin(kind)
      const { status, headers } = await admin.send('/admin/end-found', { site: world.shop, sure: 'yes' })
      return status === 303 ? (await admin.read(String(headers.location))).text : status
    },
    'a selection, by program': async (kind: Kind, refs: string[]) => {
      const { status, json } = await world.program(kind)('/admin/api/sessions/end', { refs })
      return status === 200 ? json : status
    },
  } as const

  for (const [act, run] of Object.entries(bulk)) {
    it(`without "logout-all", ${act}: leaves administrators alone, and says how many`, async () => {
      const [ada, bob, root] = [
        await world.signedIn('ada'),
        await world.signedIn('bob'),
        await world.signedIn('root'),
      ]
      const refs = await Promise.all(['ada', 'bob', 'root'].map(refOf))

      const said = await run('helper', refs)

      if (typeof said === 'string')
        expect(said)
          .to.include('2 sessions ended.')
          .and.include('1 session left alone: you may not end those of an administrator.')
      else expect(said).to.deep.equal({ ended: 2, spared: 1 })
      expect(await Promise.all([ada, bob, root].map((user) => world.who(user, world.shop)))).to.deep.equal([
        null,
        null,
        'root',
      ])
      expect(await world.acts()).to.have.deep.members([
        { who: 'helper', act: 'end', subject: 'ada', outcome: 'done' },
        { who: 'helper', act: 'end', subject: 'bob', outcome: 'done' },
        { who: 'helper', act: 'end', subject: 'root', outcome: 'refused' },
      ])
    })

    it(`with "logout-all", ${act}: ends everybody’s`, async () => {
      const [ada, root] = [await world.signedIn('ada'), await world.signedIn('root')]
      const refs = await Promise.all(['ada', 'root'].map(refOf))

      await run('chief', refs)

      expect(await Promise.all([ada, root].map((user) => world.who(user, world.shop)))).to.deep.equal([
        null,
        null,
      ])
    })

    it(`with "read" alone, ${act}: is refused as a whole`, async () => {
      const ada = await world.signedIn('ada')
      const refs = [await refOf('ada')]

      expect(await run('reader', refs)).to.equal(403)
      expect(await world.who(ada, world.shop)).to.equal('ada')
    })
  }

  it('ends an anonymous visitor’s session like an ordinary user’s', async () => {
    const visitor = world.browser()
    await visitor.post(world.shop, '/cart', { item: 'boots' })
    const helper = await world.admin('helper')
    const [ref = ''] = await helper.refs()

    const { status } = await helper.send('/admin/end', { one: ref })

    expect(status).to.equal(303)
    expect(await world.acts()).to.deep.equal([{ who: 'helper', act: 'end', subject: null, outcome: 'done' }])
    const { json } = await visitor.post(world.shop, '/cart', { item: 'tent' })
    expect(json).to.deep.equal({ cart: ['tent'] })
  })

  it('is told when there was nothing left to end', async () => {
    await world.signedIn('ada')
    const helper = await world.admin('helper')
    const ref = await refOf('ada')
    await helper.send('/admin/end', { one: ref })

    const { headers } = await helper.send('/admin/end', { one: ref })

    expect((await helper.read(String(headers.location))).text).to.include('Nothing was left to end.')
    expect((await world.acts())[0]).to.include({ act: 'end', subject: 'ada', outcome: 'nothing' })
  })
})

/** An act on a site in the store: how it is asked for by a page and by a program, and what comes of it. */
interface SiteAct {
  readonly page: [path: string, fields?: Record<string, string>]
  readonly program: [path: string, body?: object]
  /** As it is written down; a look is not. */
  readonly audit: string | undefined
  /** What has to have happened before. */
  readonly after?: 'nothing' | 'turned off' | 'pending' | 'new keys'
  /** A status that is neither 200 nor 303: the act is begun, and fails for another reason. */
  readonly status?: number
}

describe('an administrator, of the sites in the store', () => {
  const origin = 'https://shop.invalid'
  const acts: Readonly<Record<string, SiteAct>> = {
    list: { page: ['/admin/sites'], program: ['/admin/api/sites'], audit: undefined },
    'look at one': { page: [`/admin/sites?site=${origin}`], program: ['/admin/api/sites'], audit: undefined },
    add: {
      page: ['/admin/sites/add', { origin }],
      program: ['/admin/api/sites/add', { site: { origin } }],
      audit: 'site-add',
      after: 'nothing',
    },
    change: {
      page: ['/admin/sites/change', { origin, group: 'red' }],
      program: ['/admin/api/sites/change', { origin, changes: { group: 'red' } }],
      audit: 'site-change',
    },
    'turn off': {
      page: ['/admin/sites/turn', { origin, turn: 'off' }],
      program: ['/admin/api/sites/disable', { origin }],
      audit: 'site-disable',
    },
    'turn on': {
      page: ['/admin/sites/turn', { origin, turn: 'on' }],
      program: ['/admin/api/sites/enable', { origin }],
      audit: 'site-enable',
      after: 'turned off',
    },
    'look for the proof': {
      page: ['/admin/sites/prove', { origin }],
      program: ['/admin/api/sites/prove', { origin }],
      audit: 'site-prove',
      after: 'pending',
      status: 409,
    },
    'make new keys': {
      page: ['/admin/sites/rotate-keys', { origin, step: 'first' }],
      program: ['/admin/api/sites/rotate-keys', { origin, step: 'begin' }],
      audit: 'site-rotate-keys',
    },
    'forget the old keys': {
      page: ['/admin/sites/rotate-keys', { origin, step: 'last' }],
      program: ['/admin/api/sites/rotate-keys', { origin, step: 'finish' }],
      audit: 'site-rotate-keys',
      after: 'new keys',
    },
    'forget the new keys': {
      page: ['/admin/sites/rotate-keys', { origin, step: 'cancel' }],
      program: ['/admin/api/sites/rotate-keys', { origin, step: 'cancel' }],
      audit: 'site-rotate-keys',
      after: 'new keys',
    },
    remove: {
      page: ['/admin/sites/remove', { origin, sure: 'yes' }],
      program: ['/admin/api/sites/remove', { origin }],
      audit: 'site-remove',
    },
  }

  let world: AdminWorld
  before(async () => (world = await startAdminWorld({}, { hub: { storedSites: true } })))
  after(() => world.world.close())

  const state = async () => JSON.stringify(await world.world.hub.hub.sites.list())
  const lastRow = async () => (await world.world.hub.store.audit({ limit: 1 }))[0]

  async function prepare(after: SiteAct['after']): Promise<void> {
    const { sites } = world.world.hub.hub
    await sites.remove(origin).catch(() => undefined)
    if (after === 'nothing') return
    await sites.add((await generateSite(origin)).registration, { prove: after === 'pending' })
    if (after === 'turned off') await sites.disable(origin)
    if (after === 'new keys') await sites.rotateKeys(origin)
  }

  for (const kind of kinds) {
    const may = MAY_CHANGE_SITES.includes(kind)
    for (const [act, { page, program, audit, after, status }] of Object.entries(acts))
      it(`${kind}: ${act}, by page and by program: ${may ? 'done' : 'refused'}`, async () => {
        const ways: Record<string, () => Promise<Reply>> = {
          async page() {
            const admin = await world.admin(kind)
            await admin.read('/admin/sites')
            return audit === undefined ? admin.read(page[0]) : admin.send(...page)
          },
          program: () => world.program(kind)(...program),
        }
        for (const [way, run] of Object.entries(ways)) {
          await prepare(after)
          const before = await state()

          const reply = await run()

          expect(reply.status, way).to.be.oneOf(may ? [status ?? 200, status ?? 303] : [403])
          const isChanged = may && audit !== undefined && status === undefined
          expect((await state()) !== before, `${way}: ${before}`).to.equal(isChanged)
          if (audit !== undefined)
            expect(await lastRow(), way).to.include({
              who: kind,
              act: audit,
              site: origin,
              outcome: isChanged ? 'done' : 'refused',
            })
          if (!may) expect(reply.text, way).to.not.include(origin)
        }
      })
  }
})

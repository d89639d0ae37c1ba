/** Who may do what to whom: permission × target × act, by page and by program, and what is written down of it. */
import { expect } from 'chai'

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
}
const MAY_READ: readonly Kind[] = ['reader', 'helper', 'chief']

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

/** Finding: pages of fifty, searches, and the same for programs. */
import { expect } from 'chai'
import type { Session } from 'session-hub/hub'

import { type AdminWorld, startAdminWorld } from '../support/admin-world.js'
import { newAuditRow, newHandle, newSession, write } from '../support/records.js'

interface Listed {
  readonly sessions: readonly { readonly ref: string; readonly subject: string | null }[]
  readonly next: string | null
}

describe('the list of sessions', () => {
  let world: AdminWorld
  beforeEach(async () => (world = await startAdminWorld()))
  afterEach(() => world.world.close())

  const add = (count: number, fields: (at: number) => Partial<Session> = () => ({})) => {
    const nowMs = world.world.now()
    const sessions = Array.from({ length: count }, (_, at) =>
      newSession({
        subject: `user${at}`,
        createdAtMs: nowMs - at * 1000,
        expiresAtMs: nowMs + 3_600_000,
        untilMs: nowMs + 3_600_000,
        ...fields(at),
      }),
    )
    return write(world.world.hub.store, { sessions })
  }
  const linkTo = (text: string, name: string) =>
    new RegExp(`href="([^"]*)"\\s*>\\s*${name}`).exec(text)?.[1]?.replaceAll('&#38;', '&')

  it('has fifty on a page, and leads on and back, with its search', async () => {
    await add(120, (at) => ({ site: at % 2 === 0 ? 'https://shop.example' : 'https://travel.example' }))
    const reader = await world.admin('reader')
    const users: string[][] = []
    let path: string | undefined = '/admin?site=https%3A%2F%2Fshop.example'
    const pages = []
    while (path !== undefined) {
      const { text } = await reader.read(path)
      pages.push(text)
      users.push([...text.matchAll(/>(user\d+)</g)].map(([, user = '']) => user))
      path = linkTo(text, 'Older')
    }

    expect(users.map((page) => page.length)).to.deep.equal([50, 10])
    expect(users.flat()).to.deep.equal(Array.from({ length: 60 }, (_, at) => `user${at * 2}`))
    expect(pages[0]).to.include('50 sessions on this page').and.not.include('The newest</a>')
    expect(linkTo(pages[1]!, 'The newest')).to.equal('/admin?site=https%3A%2F%2Fshop.example')
  })

  it('says where else each is in use, on the page and for programs', async () => {
    const { hub } = world.world
    const session = newSession({
      subject: 'ada',
      createdAtMs: world.world.now(),
      expiresAtMs: world.world.now() + 60_000,
    })
    const handles = ['https://shop.example', 'https://travel.example', 'https://<b>.example', 'hub'].map(
      (site) => newHandle(session, { site }),
    )
    await write(hub.store, { sessions: [session], handles })
    const reader = await world.admin('reader')
    const { text } = await reader.read('/admin')
    expect(text).to.include('and on 2 more').and.include('https://travel.example').and.not.include('<b>')
    const { sessions } = (await reader.read('/admin/api/sessions')).json as unknown as {
      sessions: { sites: string[] }[]
    }
    expect(sessions[0]!.sites).to.have.members(handles.slice(0, 3).map(({ site }) => site))
  })

  it('comes back to the page where something was ended', async () => {
    await add(120)
    const helper = await world.admin('helper')
    const first = await helper.read('/admin')
    const second = String(linkTo(first.text, 'Older'))
    const [ref = ''] = await helper.refs(second)
    const page = new URL(second, world.world.hub.origin).searchParams.get('after')!

    const { headers } = await helper.send('/admin/end', { one: ref, page })
    const back = await helper.read(String(headers.location))

    expect((await helper.read(second)).text).to.include(`name="page" value="${page}"`)
    expect(back.text).to.include('1 session ended.').and.include('>user51<').and.not.include('>user50<')
  })

  it('says so where there is nothing, and at the end', async () => {
    const reader = await world.admin('reader')
    expect((await reader.read('/admin?subject=nobody')).text).to.include('No live session matches.')
    await add(50)
    expect((await reader.read('/admin')).text).not.to.include('Older')
  })

  it('gives programs the same, with a cursor for what comes next', async () => {
    await add(101)
    const program = world.program('reader')
    const lengths = []
    let next: string | null = ''
    while (next !== null) {
      const { json } = await program(`/admin/api/sessions?after=${next}`)
      const page = json as unknown as Listed
      lengths.push(page.sessions.length)
      ;({ next } = page)
    }

    expect(lengths).to.deep.equal([50, 50, 1])
  })

  it('gives programs times in seconds, and takes seconds and days', async () => {
    const created = Math.floor(Date.parse('2026-02-03T12:00:00Z') / 1000)
    await add(1, () => ({ createdAtMs: created * 1000, subject: 'root', agent: 'curl/8', generation: 1 }))
    const program = world.program('reader')
    const found = async (query: string) => {
      const { json } = await program(`/admin/api/sessions?${query}`)
      return (json as unknown as Listed).sessions.length
    }

    const { json } = await program('/admin/api/sessions')
    const [session] = (json as unknown as Listed).sessions
    expect(session).to.include({
      subject: 'root',
      administrator: true,
      site: 'https://shop.example',
      agent: 'curl/8',
      created_at: created,
    })
    expect(session).to.have.all.keys(
      ...['ref', 'subject', 'administrator', 'site', 'sites', 'agent', 'created_at', 'seen_at', 'expires_at'],
    )
    expect(await found('from=2026-02-03&before=2026-02-04')).to.equal(1)
    expect(await found('before=2026-02-03')).to.equal(0)
    expect(await found(`from=${created}`)).to.equal(1)
    expect(await found(`from=${created + 1}`)).to.equal(0)
    expect(await found('from=2026-02-03T12:00Z&before=2026-02-03T12:00:01Z')).to.equal(1)
  })

  it('ends a thousand at once at most, and says that there are more', async () => {
    await add(1030)
    const chief = await world.admin('chief')
    const endAll = async () => {
      const { headers } = await chief.send('/admin/end-found', { sure: 'yes' })
      return (await chief.read(String(headers.location))).text
    }

    const question = async () => (await chief.send('/admin/end-found')).text

    expect(await question()).to.include('End the newest 1,000 sessions of more?')
    expect(await endAll()).to.include('1,000 sessions ended. There are more')
    expect(await question()).to.include('End 30 sessions?')
    expect(await endAll())
      .to.include('30 sessions ended.')
      .and.not.include('There are more')
    expect(await world.acts()).to.have.length(1030)
  })
})

describe('all that match', () => {
  it('are ended behind any number that had to be spared', async () => {
    const world = await startAdminWorld()
    const nowMs = world.world.now()
    const times = { expiresAtMs: nowMs + 3_600_000, untilMs: nowMs + 3_600_000 }
    const of = (subject: string, count: number, ageMs: number) =>
      Array.from({ length: count }, (_, at) =>
        newSession({ subject, createdAtMs: nowMs - ageMs - at, generation: at + 1, ...times }),
      )
    await write(world.world.hub.store, { sessions: [...of('root', 1100, 0), ...of('ada', 5, 60_000)] })
    const helper = await world.admin('helper')

    const { headers } = await helper.send('/admin/end-found', { sure: 'yes' })
    const { text } = await helper.read(String(headers.location))
    await world.world.close()

    expect(text).to.include('5 sessions ended. 1,100 sessions left alone').and.not.include('There are more')
  })
})

describe('the audit', () => {
  it('counts what was shown, what was asked for in vain, and what was refused', async () => {
    const world = await startAdminWorld()
    const nowMs = world.world.now()
    const times = { createdAtMs: nowMs - 1, expiresAtMs: nowMs + 3_600_000, untilMs: nowMs + 3_600_000 }
    await write(world.world.hub.store, {
      sessions: Array.from({ length: 60 }, (_, at) => newSession({ subject: `user${at}`, ...times })),
    })
    const { json } = await world.program('reader')('/admin/api/sessions')
    const refs = (json as unknown as Listed).sessions.map(({ ref }) => ref)
    await world.program('reader')('/admin/api/sessions/end', { refs })
    const [reader, chief] = [await world.admin('reader'), await world.admin('chief')]
    await reader.send('/admin/end-found', { subject: 'user1', sure: 'yes' })
    await chief.send('/admin/end-found', { subject: 'nobody', sure: 'yes' })

    const rows = await world.world.hub.store.audit({ limit: 20 })
    await world.world.close()

    expect(
      rows
        .filter(({ act, who }) => act === 'end' || (act === 'list' && who === 'reader'))
        .map(({ who, act, subject, sessions, outcome }) => [who, act, subject, sessions, outcome]),
    ).to.deep.equal([
      ['chief', 'end', 'nobody', 0, 'nothing'],
      ['reader', 'end', 'user1', 0, 'refused'],
      ['reader', 'list', null, 50, 'done'],
      ['reader', 'end', null, 50, 'refused'],
      ['reader', 'list', null, 50, 'done'],
    ])
  })

  it('has fifty on a page, for everybody’s sessions and for one user’s', async () => {
    const world = await startAdminWorld()
    const audit = Array.from({ length: 120 }, (_, at) =>
      newAuditRow({ subject: at % 2 === 0 ? 'ada' : 'bob', who: `w${at}` }),
    )
    await write(world.world.hub.store, { audit })
    const reader = await world.admin('reader')
    const program = world.program('reader')
    const lengths: number[] = []
    let path: string | undefined = '/admin/audit?subject=ada'
    while (path !== undefined) {
      const { text } = await reader.read(path)
      lengths.push([...text.matchAll(/>w\d+</g)].length)
      path = /href="([^"]*)"\s*>\s*Older/.exec(text)?.[1]?.replaceAll('&#38;', '&')
    }
    const first = await program('/admin/api/audit?subject=bob')
    const rest = await program(`/admin/api/audit?subject=bob&before=${String(first.json.next)}`)
    await world.world.close()

    expect(lengths).to.deep.equal([50, 10])
    expect((first.json.audit as object[])[0]).to.have.all.keys(
      ...['seq', 'at', 'who', 'act', 'subject', 'site', 'sessions', 'from', 'outcome'],
    )
    expect([first.json.audit, rest.json.audit].map((rows) => (rows as object[]).length)).to.deep.equal([
      50, 10,
    ])
    expect(rest.json.next).to.equal(null)
  })

  it('says of each act from where it came, of which site, and how many it was; of a sign-out too', async () => {
    const world = await startAdminWorld()
    const [ada] = [await world.signedIn('ada'), await world.signedIn('ada')]
    const chief = await world.admin('chief')
    const [ref = ''] = await chief.refs()
    await chief.send('/admin/end', { one: ref })
    await chief.send('/admin/end-subject', { subject: 'ada', sure: 'yes' })
    await chief.send('/admin/sign-out')

    const rows = await world.world.hub.store.audit({ limit: 3 })
    const { shop } = world
    expect(await world.who(ada, shop)).to.equal(null)
    await world.world.close()

    const by = { who: 'chief', from: '127.0.0.1', outcome: 'done' }
    expect(rows.map(({ seq: _, atMs: __, ...row }) => row)).to.deep.equal([
      { ...by, act: 'sign-out', subject: null, site: null, sessions: 0 },
      { ...by, act: 'end-all', subject: 'ada', site: null, sessions: 1 },
      { ...by, act: 'end', subject: 'ada', site: shop, sessions: 1 },
    ])
  })

  it('says why somebody acted as a user, and until when, and runs nothing of what is written there', async () => {
    const world = await startAdminWorld()
    const reason = '<img src=x onerror=alert(1)>'
    const row = newAuditRow({ act: 'act-as', who: 'root', subject: 'ada', sessions: 0, reason })
    await write(world.world.hub.store, { audit: [{ ...row, untilMs: 1_900_000_000_000 }] })
    const reader = await world.admin('reader')
    const { text } = await reader.read('/admin/audit')
    await world.world.close()

    expect(text).to.include('Acted as a user').and.include('&#60;img src=x onerror=alert(1)&#62;')
    expect(text).to.match(/\(until <time datetime="2030-03-17T17:46:40.000Z">/)
    expect(text).to.not.include('<img')
  })

  it('tells a look from an act, and whose it was', async () => {
    const world = await startAdminWorld()
    await world.signedIn('ada')
    const reader = await world.admin('reader')
    await reader.read('/admin?subject=ada')
    await world.program('ender')('/admin/api/sessions')

    const rows = await world.world.hub.store.audit({ limit: 3 })
    await world.world.close()

    expect(
      rows.map(({ who, act, subject, sessions, outcome }) => [who, act, subject, sessions, outcome]),
    ).to.deep.equal([
      ['ender', 'list', null, 0, 'refused'],
      ['reader', 'list', 'ada', 1, 'done'],
      ['reader', 'list', null, 1, 'done'],
    ])
  })
})

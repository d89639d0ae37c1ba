/** Looking after sessions at the command line, while the hub runs. */
import { userInfo } from 'node:os'

import { expect } from 'chai'
import { type AdminToken, type NumberedAuditRow, type Session, sqliteStore } from 'session-hub/hub'

import { program } from '../support/administrator.js'
import { newSession, newSubject, write } from '../support/records.js'
import { type Folder, newFolder, type RunningHub } from './command.js'

interface Listed {
  readonly ref: string
  readonly subject: string | null
  readonly administrator: boolean
}

describe('session-hub sessions', () => {
  let folder: Folder
  let hub: RunningHub
  let token: string

  beforeEach(async () => {
    folder = newFolder()
    const made = await folder.run(
      ...['admin', 'token', '--name', 'ops', '--permissions', 'read,logout', '--json'],
    )
    const { token: text, registration } = JSON.parse(made.stdout) as {
      token: string
      registration: AdminToken
    }
    token = text
    hub = await folder.serve({ admin: { tokens: [registration], isAdmin: ['root'] } })
    await put('ada', 2)
    await put('root', 1)
    await put(null, 1)
  })
  afterEach(() => folder.close())

  /** As many sessions of somebody's as a hub would have written. */
  async function put(subject: string | null, count: number): Promise<void> {
    const store = sqliteStore(folder.path('session-hub.sqlite'))
    const now = Date.now()
    const times = { createdAtMs: now - 1000, expiresAtMs: now + 3_600_000, untilMs: now + 3_600_000 }
    const sessions = Array.from({ length: count }, (_, at): Session =>
      newSession({ subject, generation: subject === null ? 0 : at + 1, agent: 'curl/8', ...times }),
    )
    const subjects =
      subject === null ? [] : [newSubject({ subject, generation: count, untilMs: times.untilMs })]
    await write(store, { sessions, subjects })
    await store.close()
  }

  const command = (...args: string[]) => folder.run(...args, '--config', 'hub.json')
  const list = async (...args: string[]) => {
    const { stdout } = await command('sessions', 'list', '--json', ...args)
    return JSON.parse(stdout) as Listed[]
  }
  const audit = async (...args: string[]) => {
    const { stdout } = await command('audit', '--json', ...args)
    return JSON.parse(stdout) as (NumberedAuditRow & { at: number })[]
  }

  it('lists what is live, as columns and as JSON, with the search of the pages', async () => {
    const { code, stdout, stderr } = await command('sessions', 'list')
    const [head, ...rows] = stdout.trimEnd().split('\n')

    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(head).to.match(/^ref +user +site +browser +began +last seen$/)
    expect(rows).to.have.length(4)
    expect(stdout).to.match(/ root \(administrator\) +https:\/\/shop\.example +curl\/8 +\d{4}-/)
    expect(stdout).to.include(' (anonymous) ')
    expect((await list('--subject', 'ada')).map(({ subject }) => subject)).to.deep.equal(['ada', 'ada'])
    expect(await list('--site', 'https://travel.example')).to.deep.equal([])
    expect(await list('--before', '2020-01-01')).to.deep.equal([])
  })

  it('lists the newest fifty, and says that there are more; all of them with --all', async () => {
    await put('bob', 60)
    const { stdout, stderr } = await command('sessions', 'list')

    expect(stdout.trimEnd().split('\n')).to.have.length(51)
    expect(stderr).to.include('There are more')
    expect(await list('--all')).to.have.length(64)
  })

  it('ends one by its ref: the hub that runs knows at once', async () => {
    const [first, other] = await list('--subject', 'ada')
    const { code, stdout } = await command('sessions', 'end', first!.ref)

    const { json } = await program(hub.url, token)('/admin/api/sessions?subject=ada')

    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 session ended.\n' })
    expect((json.sessions as Listed[]).map(({ ref }) => ref)).to.deep.equal([other!.ref])
  })

  it('ends all of a user, administrators too', async () => {
    const ended = await command('sessions', 'end', '--subject', 'root', '--json')
    expect(JSON.parse(ended.stdout)).to.deep.equal({ ended: 1, spared: 0 })
    expect((await command('sessions', 'end', '--subject', 'ada')).stdout).to.equal('2 sessions ended.\n')
    expect((await command('sessions', 'end', '--subject', 'ada')).stdout).to.equal('0 sessions ended.\n')
    expect(await list()).to.have.length(1)
  })

  it('ends all that match, and everybody’s, however many there are', async () => {
    await put('bob', 1020)
    const narrowed = await command('sessions', 'end', '--all', '--site', 'https://travel.example', '--json')
    const all = await command('sessions', 'end', '--all', '--json')

    expect([narrowed, all].map(({ stdout }) => JSON.parse(stdout) as object)).to.deep.equal([
      { ended: 0, spared: 0 },
      { ended: 1024, spared: 0 },
    ])
    expect(await list()).to.deep.equal([])
  })

  it('writes down who did what, and shows it', async () => {
    await command('sessions', 'end', '--subject', 'ada')
    await program(hub.url, token)('/admin/api/sessions/end', { subject: 'root' })

    const { stdout } = await command('audit')
    const rows = await audit()

    expect(stdout).to.match(/^when +who +what +whose +site +sessions +from +outcome\n/)
    expect(rows.map(({ who, act, subject, outcome }) => [who, act, subject, outcome])).to.deep.equal([
      ['ops', 'end-all', 'root', 'refused'],
      [`command line (${userInfo().username})`, 'end-all', 'ada', 'done'],
    ])
    expect(rows[0]!.from).to.include('127.0.0.1')
    expect(await audit('--subject', 'ada')).to.have.length(1)
    expect(JSON.stringify(rows)).not.to.include(token)
  })

  const slips: readonly (readonly [args: string[], says: string, code: number])[] = [
    [['sessions', 'list', '--site', 'shop.example'], 'is not an origin', 2],
    [['sessions', 'list', '--from', 'yesterday'], 'is a day such as 2026-01-31', 2],
    [['sessions', 'end', 'no-ref'], 'A "ref" is one that this hub has listed', 1],
    [['sessions', 'end', '--subject', ''], 'none that a session can have', 2],
  ]
  for (const [args, says, expected] of slips) {
    it(`refuses "${args.join(' ')}": ${says}`, async () => {
      const { code, stdout, stderr } = await command(...args)
      expect({ code, stdout }).to.deep.equal({ code: expected, stdout: '' })
      expect(stderr).to.include(says)
      expect(await list()).to.have.length(4)
    })
  }

  it('says that a hub with sessions in its memory alone keeps them to itself', async () => {
    folder.write('memory.json', { origin: 'https://hub.example', keys: 'hub-keys.json', store: 'memory' })
    const { code, stderr } = await folder.run('sessions', 'list', '--config', 'memory.json')
    expect(code).to.equal(1)
    expect(stderr).to.include('memory.json: "store" is "memory": only the hub that runs knows its sessions')
  })

  it('makes a token that opens /admin, and prints it once', async () => {
    const { stdout } = await folder.run(
      'admin',
      'token',
      '--name',
      'ada',
      '--permissions',
      'read, logout-all',
    )
    const text = /^session-hub-admin-\S+$/m.exec(stdout)![0]
    const registration = JSON.parse(stdout.slice(stdout.indexOf('\n{'))) as AdminToken
    const second = newFolder()
    const other = await second.serve({ admin: { tokens: [registration] } })

    const { status } = await program(other.url, text)('/admin/api/sessions')
    await second.close()

    expect(registration)
      .to.include({ name: 'ada' })
      .and.to.have.deep.property('permissions', ['read', 'logout-all'])
    expect(status).to.equal(200)
  })
})

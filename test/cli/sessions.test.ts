/** Looking after sessions at the command line, while the hub runs. */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'
import { type AdminToken, type NumberedAuditRow, type Session, sqliteStore } from 'session-hub/hub'

import { generateAdminToken } from '../../hub/admin/tokens.js'
import { program } from '../support/administrator.js'
import { newAuditRow, newSession, newSubject, write } from '../support/records.js'
import { type Folder, newFolder, type RunningHub } from './command.js'
import { refusalOf } from './refusals.js'

const HUB = fileURLToPath(new URL('../../../dist/hub.js', import.meta.url))

interface Listed {
  readonly ref: string
  readonly subject: string | null
  readonly administrator: boolean
}

describe('session-hub sessions', () => {
  let folder: Folder
  let token: string

  beforeEach(async () => {
    folder = newFolder()
    const made = generateAdminToken({ name: 'ops', permissions: ['read', 'logout'] })
    token = made.token
    // The admin pages answer at the hub's own host name only.
    folder.configure({
      origin: 'http://localhost:4000',
      admin: { tokens: [made.registration], isAdmin: ['root'] },
    })
    await put('ada', 2)
    await put('root', 1)
    await put(null, 1)
  })
  afterEach(() => folder.close())

  async function start(): Promise<RunningHub> {
    const hub = await folder.start('hub.json')
    hub.url = hub.url.replace('127.0.0.1', 'localhost')
    return hub
  }

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
    expect(head).to.match(/^ref +user +administrator +site +also on +browser +began +last seen$/)
    expect(rows).to.have.length(4)
    expect(stdout).to.match(/ root +yes +https:\/\/shop\.example +curl\/8 +\d{4}-/)
    expect((await list('--subject', 'ada')).map(({ subject }) => subject)).to.deep.equal(['ada', 'ada'])
    expect(await list('--site', 'https://travel.example')).to.deep.equal([])
    expect(await list('--before', '2020-01-01')).to.deep.equal([])
  })

  it('shows characters that nobody sees by their numbers: they would turn the line round, or make two of it', async () => {
    await put('\u202etoor\u2028x', 1)
    await put('Zoë 王', 1)
    const { stdout } = await command('sessions', 'list')

    expect(stdout).to.include('\\u{202e}toor\\u{2028}x').and.include('Zoë 王')
    expect(stdout).not.to.match(/[\u202e\u2028]/)
    expect((await list('--subject', '\u202etoor\u2028x')).map(({ subject }) => subject)).to.deep.equal([
      '\u202etoor\u2028x',
    ])
  })

  it('lists the newest fifty, and says that there are more; all of them with --all', async () => {
    await put('bob', 60)
    const { stdout, stderr } = await command('sessions', 'list')

    expect(stdout.trimEnd().split('\n')).to.have.length(51)
    expect(stderr).to.include('There are more')
    expect(await list('--all')).to.have.length(64)
  })

  it('ends one by its ref: the hub that runs knows at once', async () => {
    const hub = await start()
    const [first, other] = await list('--subject', 'ada')
    const { code, stdout } = await command('sessions', 'end', first!.ref)

    const { json } = await program(hub.url, token)('/admin/api/sessions?subject=ada')

    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 session ended.\n' })
    expect((json.sessions as Listed[]).map(({ ref }) => ref)).to.deep.equal([other!.ref])
  })

  it('takes a ref that begins as an option does', async () => {
    const dashed = async (): Promise<string> => {
      await put('bob', 200)
      const found = (await list('--subject', 'bob', '--all')).find(({ ref }) => ref.startsWith('-'))
      return found?.ref ?? dashed()
    }
    const ref = await dashed()
    const { code, stdout } = await command('sessions', 'end', ref)
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 session ended.\n' })
    expect((await command('sessions', 'end', '--subjct', 'ada')).code, 'an option').to.equal(2)
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
    const hub = await start()
    await command('sessions', 'end', '--subject', 'ada')
    await program(hub.url, token)('/admin/api/sessions/end', { subject: 'root' })

    const { stdout } = await command('audit')
    const rows = await audit()

    expect(stdout).to.match(/^when +who +what +whose +site +sessions +from +outcome +why +until\n/)
    expect(rows.map(({ who, act, subject, outcome }) => [who, act, subject, outcome])).to.deep.equal([
      ['ops', 'end-all', 'root', 'refused'],
      [`command line (${userInfo().username})`, 'end-all', 'ada', 'done'],
    ])
    expect(rows[0]!.from).to.include('127.0.0.1')
    expect(await audit('--subject', 'ada')).to.have.length(1)
    expect(JSON.stringify(rows)).not.to.include(token)
  })

  it('shows why somebody acted as a user, and until when', async () => {
    const store = sqliteStore(folder.path('session-hub.sqlite'))
    const row = { act: 'act-as', who: 'root', subject: 'ada', reason: 'Ticket\u202e 4711' } as const
    await write(store, { audit: [newAuditRow({ ...row, untilMs: 1_900_000_000_000 })] })
    await store.close()
    expect(await audit()).to.have.length(1)
    expect((await audit())[0]).to.deep.include({ ...row, until: 1_900_000_000 })
    const { stdout } = await command('audit')
    expect(stdout.trimEnd()).to.match(/act-as +ada .* Ticket\\u\{202e\} 4711 +2030-03-17T17:46:40Z$/)
  })

  it('erases a user, and says so in the audit without the name', async () => {
    const { code, stdout } = await command('sessions', 'erase', '--subject', 'ada')
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'Erased; 2 sessions ended.\n' })
    expect((await list()).map(({ subject }) => subject)).to.not.include('ada')
    const audit = JSON.parse((await command('audit', '--json')).stdout) as NumberedAuditRow[]
    expect(audit.map(({ act }) => act)).to.include('erase')
    expect(JSON.stringify(audit)).to.not.include('"ada"')
  })

  const slips: readonly (readonly [args: string[], says: string, code: number])[] = [
    [['sessions', 'list', '--site', 'shop.example'], 'is not an origin', 2],
    [['sessions', 'list', '--from', 'yesterday'], 'is a day such as 2026-01-31', 2],
    [['sessions', 'end', 'no-ref'], 'A "ref" has to be one that this hub has listed', 1],
    [['sessions', 'end', '--subject', ''], 'a subject has at least one character', 2],
    [['sessions', 'erase'], 'needs "--subject <subject>"', 2],
    [['sessions', 'erase', '--subject', ''], 'a subject has at least one character', 2],
  ]
  for (const [args, says, expected] of slips) {
    it(`refuses "${args.join(' ')}": ${says}`, async () => {
      const refusal = await refusalOf(...args, '--config', folder.path('hub.json'))
      expect(refusal.code).to.equal(expected)
      expect(refusal.says).to.include(says)
      const store = sqliteStore(folder.path('session-hub.sqlite'))
      expect(await store.search({ nowMs: Date.now(), limit: 10 })).to.have.length(4)
      await store.close()
    })
  }

  const elsewhere: readonly (readonly [name: string, file: string, text: string | object])[] = [
    ['by the word', 'memory.json', { origin: 'https://hub.example', keys: 'hub-keys.json', store: 'memory' }],
    [
      'by a store in code',
      'memory.mjs',
      `import { memoryStore } from '${HUB}'
       export default { origin: 'https://hub.example', keys: 'hub-keys.json', store: memoryStore() }`,
    ],
  ]
  for (const [name, file, text] of elsewhere) {
    it(`says that a hub with sessions in its memory alone, ${name}, keeps them to itself`, async () => {
      folder.write(file, text)
      const { code, stderr } = await folder.run('sessions', 'end', '--all', '--config', file)
      expect(code).to.equal(1)
      expect(stderr).to.include(`${file}: "store" keeps nothing: only the running hub knows its sessions`)
    })
  }

  it('makes no database where there is none: it would be in the hub’s way', async () => {
    folder.write('new.json', { origin: 'https://hub.example', keys: 'hub-keys.json', store: 'new.sqlite' })
    const { code, stderr } = await folder.run('sessions', 'list', '--config', 'new.json')
    expect(code).to.equal(1)
    expect(stderr).to.include('new.json: "store": new.sqlite is not there yet; "session-hub serve" makes it')
    expect(existsSync(folder.path('new.sqlite'))).to.equal(false)
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
    const args = ['admin', 'token', '--name', 'ada', '--permissions', 'read', '--json']
    const asJson = JSON.parse((await folder.run(...args)).stdout) as object
    expect(asJson).to.have.all.keys('token', 'registration')
    const text = /^session-hub-admin-\S+$/m.exec(stdout)![0]
    const registration = JSON.parse(stdout.slice(stdout.indexOf('\n{'))) as AdminToken
    const second = newFolder()
    const other = await second.serve({ origin: 'http://localhost:4000', admin: { tokens: [registration] } })

    const { status } = await program(other.url.replace('127.0.0.1', 'localhost'), text)('/admin/api/sessions')
    await second.close()

    expect(registration)
      .to.include({ name: 'ada' })
      .and.to.have.deep.property('permissions', ['read', 'logout-all'])
    expect(status).to.equal(200)
  })
})

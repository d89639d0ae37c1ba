/** What a killed command leaves behind is in nobody's way, and what another one is writing is left to it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'

import { expect } from 'chai'

import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { SiteRegistration } from '../../hub/sites/site.js'
import { type Folder, newFolder } from './command.js'
import { KILLED } from './killed.js'

const SHOP = 'https://shop.example'

describe('the lock of a file that the command writes', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const origins = () =>
    (JSON.parse(readFileSync(folder.path('sites.json'), 'utf8')) as SiteRegistration[]).map(
      ({ origin }) => origin,
    )
  const add = (origin: string) => folder.run('sites', 'add', origin, '--file', 'sites.json')
  const left = (name: string) =>
    ['.lock', '.lock.new', '.part'].filter((end) => existsSync(folder.path(name + end)))
  async function kill(...args: string[]): Promise<void> {
    const killed = await folder.runWith(KILLED, ...args)
    expect(killed.code, killed.stderr).to.equal(null)
  }

  it('does the next command end what a killed "keys" has begun?', async () => {
    await kill('keys', '--out', 'hub-keys.json')
    expect(left('hub-keys.json')).to.deep.equal(['.lock', '.part'])
    expect(existsSync(folder.path('hub-keys.json'))).to.equal(false)

    expect(await folder.run('keys', '--out', 'hub-keys.json')).to.include({ code: 0 })
    expect(left('hub-keys.json')).to.deep.equal([])
  })

  it('does the list of sites stay as it was where "sites add" is killed, and the next one add to it?', async () => {
    await add(SHOP)
    await kill('sites', 'add', 'https://travel.example', '--file', 'sites.json')
    expect(origins()).to.deep.equal([SHOP])

    expect(await add('https://blog.example')).to.include({ code: 0 })
    expect(origins()).to.deep.equal([SHOP, 'https://blog.example'])
    expect(left('sites.json')).to.deep.equal([])
  })

  it('does a killed "store backup" leave no backup, and the next one make it?', async () => {
    folder.configure()
    await sqliteStore(folder.path('session-hub.sqlite')).close()
    const backup = ['store', 'backup', 'copy.sqlite', '--config', 'hub.json']
    await kill(...backup)
    expect(existsSync(folder.path('copy.sqlite'))).to.equal(false)

    expect(await folder.run(...backup)).to.include({ code: 0, stderr: '' })
    expect(left('copy.sqlite')).to.deep.equal([])
  })

  it('does only one of several at once take over what a killed one has left?', async () => {
    await add(SHOP)
    await kill('sites', 'add', 'https://travel.example', '--file', 'sites.json')
    const wanted = Array.from({ length: 5 }, (_, at) => `https://site-${at}.example`)
    const runs = await Promise.all(wanted.map(add))

    const added = wanted.filter((_, at) => runs[at]!.code === 0)
    expect(added).to.not.be.empty
    expect(origins()).to.have.members([SHOP, ...added])
    for (const { code, stderr } of runs) if (code !== 0) expect(stderr).to.include('another session-hub')
    expect(left('sites.json')).to.deep.equal([])
  })

  describe('which is not taken over', () => {
    let place: string
    beforeEach(async () => {
      await add(SHOP)
      await kill('sites', 'add', 'https://travel.example', '--file', 'sites.json')
      const lock = JSON.parse(readFileSync(folder.path('sites.json.lock'), 'utf8')) as { place: string }
      place = lock.place
      expect(place.startsWith(hostname())).to.equal(true)
    })

    const others: Record<string, () => string> = {
      'a process that runs': () => JSON.stringify({ pid: process.pid, place }),
      'another machine': () => JSON.stringify({ pid: 2 ** 22 + 1, place: `other-${place}` }),
      'nobody who is known': () => '',
    }
    for (const [whose, content] of Object.entries(others))
      it(`is one of ${whose} respected, and said to be in the way?`, async () => {
        writeFileSync(folder.path('sites.json.lock'), content())
        const { code, stdout, stderr } = await add('https://blog.example')
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
        expect(stderr).to.match(/^session-hub: sites\.json: is being written by another session-hub.*\n$/)
        expect(stderr).to.include('remove "sites.json.lock" and try again')
        expect(origins()).to.deep.equal([SHOP])
        expect(readFileSync(folder.path('sites.json.lock'), 'utf8')).to.equal(content())
      })
  })

  it('is a file by the name of a draft left alone where no command was killed?', async () => {
    folder.write('hub-keys.json.part', 'mine')
    const { code, stderr } = await folder.run('keys', '--out', 'hub-keys.json')
    expect(code).to.equal(1)
    expect(stderr).to.include('"hub-keys.json.part" already exists; move it away')
    expect(readFileSync(folder.path('hub-keys.json.part'), 'utf8')).to.equal('mine')
    expect(left('hub-keys.json')).to.deep.equal(['.part'])
  })
})

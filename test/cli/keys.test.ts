import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'

import { createKeyring, type HubKeys } from '../../hub/keys/keyring.js'
import { type Folder, newFolder } from './command.js'

describe('session-hub keys', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const modeOf = (name: string) => statSync(folder.path(name)).mode & 0o777
  const read = (name: string) => JSON.parse(readFileSync(folder.path(name), 'utf8')) as HubKeys

  it('prints keys that a hub can use, and nothing else, to stdout', async () => {
    const { code, stdout } = await folder.run('keys')

    expect(code).to.equal(0)
    const keyring = await createKeyring(JSON.parse(stdout) as HubKeys)
    expect(keyring.jwks(Date.now()).keys).to.have.length(1)
  })

  it('makes other keys each time', async () => {
    const [first, second] = await Promise.all([folder.run('keys'), folder.run('keys')])

    expect(first.stdout).to.not.equal(second.stdout)
  })

  it('writes a file that only its owner reads, and prints no key', async () => {
    const { code, stdout, stderr } = await folder.run('keys', '--out', 'hub-keys.json')

    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' })
    expect(modeOf('hub-keys.json')).to.equal(0o600)
    expect(stderr).to.include('hub-keys.json').and.not.include(read('hub-keys.json').secret)
  })

  it('does not overwrite a file', async () => {
    await folder.run('keys', '--out', 'hub-keys.json')
    const before = read('hub-keys.json')

    const { code, stderr } = await folder.run('keys', '--out', 'hub-keys.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal(
      'session-hub: hub-keys.json: exists already; "keys rotate" adds a key to it, "--force" replaces it\n',
    )
    expect(read('hub-keys.json')).to.deep.equal(before)
  })

  it('overwrites it with --force, and closes it to others', async () => {
    folder.write('hub-keys.json', 'old')
    chmodSync(folder.path('hub-keys.json'), 0o644)

    const { code } = await folder.run('keys', '--out', 'hub-keys.json', '--force')

    expect(code).to.equal(0)
    expect(read('hub-keys.json').signing).to.have.length(1)
    expect(modeOf('hub-keys.json') & 0o007).to.equal(0)
  })

  it('says what to do about a folder that cannot be written', async () => {
    folder.write('file', '')

    for (const path of ['file/hub-keys.json', 'nowhere/hub-keys.json']) {
      const { code, stderr } = await folder.run('keys', '--out', path)

      expect(code).to.equal(1)
      expect(stderr).to.equal(
        `session-hub: ${path}: is in no folder that exists: create the folder, or name another path\n`,
      )
    }
  })
})

describe('session-hub keys rotate', () => {
  let folder: Folder
  beforeEach(async () => {
    folder = newFolder()
    await folder.run('keys', '--out', 'hub-keys.json')
  })
  afterEach(() => folder.close())

  const read = () => JSON.parse(readFileSync(folder.path('hub-keys.json'), 'utf8')) as HubKeys

  it('adds a key that is published now and signs later, and says when', async () => {
    const before = read()

    const { code, stdout, stderr } = await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

    expect(code).to.equal(0)
    const { secret, signing } = read()
    expect(secret).to.equal(before.secret)
    expect(signing.map(({ kid }) => kid))
      .to.include(before.signing[0]!.kid)
      .and.have.length(2)
    const { kid, signsFrom = 0 } = signing[1]!
    expect(signsFrom * 1000).to.be.greaterThan(Date.now())
    expect(stdout)
      .to.include(kid)
      .and.include(new Date(signsFrom * 1000).toISOString())
    expect(stderr).to.include('SIGHUP')
  })

  it('keeps the file closed, and leaves nothing beside it', async () => {
    await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

    expect(statSync(folder.path('hub-keys.json')).mode & 0o777).to.equal(0o600)
    expect(existsSync(folder.path('hub-keys.json.lock'))).to.equal(false)
  })

  it('leaves a group that could read the file in', async () => {
    chmodSync(folder.path('hub-keys.json'), 0o640)

    await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

    expect(statSync(folder.path('hub-keys.json')).mode & 0o777).to.equal(0o640)
  })

  const broken: readonly { content: string; says: string }[] = [
    { content: '{ "secret": "x" }', says: 'hub-keys.json: keys: "secret" has to be 43 base64url characters' },
    {
      content: '{ "sining": [] }',
      says: 'hub-keys.json: keys: unknown option "sining"; did you mean "signing"?',
    },
    { content: '[]', says: 'hub-keys.json: keys are expected' },
    { content: '{\n  "secret": 7seven\n}', says: 'hub-keys.json: line 2, column 14: "," or "}" is expected' },
  ]
  for (const { content, says } of broken) {
    it(`leaves a file alone that holds ${content.replaceAll('\n', '')}`, async () => {
      folder.write('hub-keys.json', content)

      const { code, stderr } = await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

      expect(code).to.equal(1)
      expect(stderr).to.include(says)
      expect(readFileSync(folder.path('hub-keys.json'), 'utf8')).to.equal(content)
      expect(existsSync(folder.path('hub-keys.json.lock'))).to.equal(false)
    })
  }

  it('never prints what it could not read: it may be a key', async () => {
    folder.write('hub-keys.json', '{ "secret": hunter2 }')

    const { stderr } = await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

    expect(stderr).to.include('line 1, column 13').and.not.include('hunter2')
  })

  it('names the file that is missing', async () => {
    const { code, stderr } = await folder.run('keys', 'rotate', '--file', 'keys.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal('session-hub: keys.json: does not exist; "session-hub keys --out" makes it\n')
  })

  it('keeps out while another one writes, and says how to go on', async () => {
    folder.write('hub-keys.json.lock', '')

    const { code, stderr } = await folder.run('keys', 'rotate', '--file', 'hub-keys.json')

    expect(code).to.equal(1)
    expect(stderr).to.include('if none is running, remove "hub-keys.json.lock"')
    expect(read().signing).to.have.length(1)
  })
})

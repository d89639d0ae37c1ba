import { chmodSync, readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'

import { type HubKeys, readHubKeys } from '../../hub/keys/hub-keys.js'
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
    expect(readHubKeys(JSON.parse(stdout) as HubKeys).symmetricKeySize).to.equal(32)
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
    expect(stderr).to.equal('session-hub: hub-keys.json: exists already; "--force" replaces it\n')
    expect(read('hub-keys.json')).to.deep.equal(before)
  })

  it('overwrites it with --force, and closes it to others', async () => {
    folder.write('hub-keys.json', 'old')
    chmodSync(folder.path('hub-keys.json'), 0o644)

    const { code } = await folder.run('keys', '--out', 'hub-keys.json', '--force')

    expect(code).to.equal(0)
    expect(Object.keys(read('hub-keys.json'))).to.deep.equal(['secret'])
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

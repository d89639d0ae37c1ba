/** The commands on sites in the store, beside a hub that runs. */
import { writeFileSync } from 'node:fs'

import { expect } from 'chai'

import { generateHubKeys, generateSite } from '../../hub/keys/generate.js'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import { type Folder, newFolder } from './command.js'
import { refusalOf } from './refusals.js'

const SHOP = 'https://shop.example'

describe('session-hub sites, with --config', () => {
  let folder: Folder
  beforeEach(async () => {
    folder = newFolder()
    folder.write('hub-keys.json', generateHubKeys())
    configure({})
    await sqliteStore(folder.path('session-hub.sqlite')).close()
  })
  afterEach(() => folder.close())

  const configure = (more: object) => {
    const config = { origin: 'https://hub.example', keys: 'hub-keys.json', storedSites: true, ...more }
    writeFileSync(folder.path('hub.json'), JSON.stringify(config))
  }
  const sites = (...args: string[]) => folder.run('sites', ...args, '--config', 'hub.json')
  const listed = async () => (await sites('list')).stdout

  it('does a whole life of a site go by commands, each in the audit?', async () => {
    const added = await sites('add', SHOP)
    expect(added, added.stderr).to.include({ code: 0 })
    expect(added.stdout).to.match(/^SESSION_HUB_KEYS='\{.+\}'\n$/)
    expect(await listed()).to.include(SHOP)

    expect(await sites('change', SHOP, '--group', 'red', '--receive-only', 'yes')).to.include({ code: 0 })
    expect(await listed()).to.include('{"group":"red","mayOffer":false}')
    expect(await sites('disable', SHOP)).to.include({ code: 0 })
    expect(await listed()).to.match(/shop\.example +off/)
    expect(await sites('enable', SHOP)).to.include({ code: 0 })

    const rotated = await sites('rotate-keys', SHOP)
    expect(Object.keys(JSON.parse(rotated.stdout) as object)).to.deep.equal(['signing', 'ticket'])
    expect(await sites('rotate-keys', SHOP)).to.include({ code: 1 })
    expect(await sites('rotate-keys', SHOP, '--cancel')).to.include({ code: 0, stdout: '' })
    expect(await sites('rotate-keys', SHOP)).to.include({ code: 0 })
    expect(await sites('rotate-keys', SHOP, '--finish', '--cancel')).to.include({ code: 2 })
    expect(await sites('rotate-keys', SHOP, '--finish')).to.include({ code: 0, stdout: '' })

    expect(await sites('remove', SHOP)).to.include({ code: 0 })
    expect(await listed()).to.equal('')
    const audit = (await folder.run('audit', '--config', 'hub.json')).stdout
    for (const act of ['add', 'change', 'disable', 'enable', 'rotate-keys', 'remove'])
      expect(audit).to.match(new RegExp(`site-${act} .*${SHOP}`))
  })

  it('does --prove say what the owner has to publish, and serve nothing until then?', async () => {
    const { stderr } = await sites('add', 'https://shop.invalid', '--prove')
    expect(stderr).to.match(/must publish this text: session-hub-site=[\w-]{22}/)
    expect(stderr).to.include('https://shop.invalid/.well-known/session-hub-site.txt')
    expect(stderr).to.include('_session-hub.shop.invalid')
    expect(await listed()).to.match(/shop\.invalid +pending/)
    const proved = await sites('prove', 'https://shop.invalid')
    expect(proved.code).to.equal(1)
    expect(proved.stderr).to.include('its name does not resolve').and.include('no TXT record')
  })

  it('do further sites of an app get the keys that it has?', async () => {
    await sites('add', SHOP, '--app', 'shop')
    const { stdout } = await sites('add', 'https://www.shop.example', '--app', 'shop')
    expect(stdout).to.equal('')
    const rows = (await listed()).split('\n').filter((row) => row.includes('shop.example'))
    expect(new Set(rows.map((row) => row.replace(/^\S+/, '').trim())).size).to.equal(1)
  })

  it('is a wildcard taken, and refused where strangers have names?', async () => {
    expect(await sites('add', 'https://*.preview.example')).to.include({ code: 0 })
    const refused = await refusalOf(
      ...['sites', 'add', 'https://*.github.io', '--config', folder.path('hub.json')],
    )
    expect(refused.says).to.include('publicsuffix.org')
  })

  const wrongs: Record<string, readonly [string[], string]> = {
    'both places': [['add', SHOP, '--file', 'sites.json'], 'either "--file" or "--config"'],
    'nothing to change': [['change', SHOP], 'nothing to change'],
    'a word for yes': [['change', SHOP, '--receive-only', 'true'], '"yes" or "no"'],
    'a site that is not there': [['disable', SHOP], `No site "${SHOP}" is in the store`],
    'no site': [['remove'], 'needs <origin>'],
  }
  for (const [what, [args, words]] of Object.entries(wrongs)) {
    it(`is ${what} refused in plain words?`, async () => {
      const { says } = await refusalOf('sites', ...args, '--config', folder.path('hub.json'))
      expect(says).to.include(words)
    })
  }

  it('is a hub without sites in its store named as such?', async () => {
    configure({ storedSites: false })
    expect((await sites('add', SHOP)).stderr).to.include('"storedSites": true')
  })

  it('is a site of the configuration left to it?', async () => {
    folder.write('sites.json', [(await generateSite(SHOP)).registration])
    configure({ sites: 'sites.json' })
    expect((await sites('add', SHOP)).stderr).to.include('in the hub’s configuration already')
  })
})

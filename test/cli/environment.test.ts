/** The configuration in the environment, as shells, docker and Node's reader of env files hand it on. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { configIn, withFiles } from '../../hub/cli/environment.js'
import { generateHubKeys, generateSite } from '../../hub/keys/generate.js'
import { type Folder, newFolder, RunningHub } from './command.js'

const NAMES = [
  'origin',
  'host',
  'port',
  'proxyHops',
  'limits',
  'storedSites',
  'conflict',
  'keys',
  'store',
  'sites',
]

describe('variables as configuration', () => {
  const LIMITS = '{"perSite":9000}'
  const spellings: Record<string, string> = {
    'as a shell gives it': LIMITS,
    'in single quotes, as docker keeps them': `'${LIMITS}'`,
    'in double quotes': `"${LIMITS}"`,
    'with its quotes escaped': LIMITS.replaceAll('"', '\\"'),
    'with both': `"${LIMITS.replaceAll('"', '\\"')}"`,
    'with spaces around it': `  ${LIMITS} `,
  }
  for (const [how, text] of Object.entries(spellings))
    it(`is JSON read ${how}?`, () => {
      expect(configIn({ SESSION_HUB_LIMITS: text }, NAMES)).to.deep.equal({ limits: { perSite: 9000 } })
    })

  it('are numbers, flags and words what they look like, and a host always text?', () => {
    const environment = {
      SESSION_HUB_ORIGIN: '"https://hub.example"',
      SESSION_HUB_HOST: '0',
      SESSION_HUB_PORT: "'4000'",
      SESSION_HUB_PROXY_HOPS: '1',
      SESSION_HUB_STORED_SITES: 'true',
      SESSION_HUB_CONFLICT: 'hub',
      SESSION_HUB_SITES: 'sites.json',
    }
    expect(configIn(environment, NAMES)).to.deep.equal({
      origin: 'https://hub.example',
      host: '0',
      port: 4000,
      proxyHops: 1,
      storedSites: true,
      conflict: 'hub',
      sites: 'sites.json',
    })
  })

  it('are empty ones, keys and the store left to others?', () => {
    const environment = {
      SESSION_HUB_PORT: '',
      SESSION_HUB_KEYS: '{}',
      SESSION_HUB_STORE: 'memory',
      PORT: '1',
    }
    expect(configIn(environment, NAMES)).to.deep.equal({})
  })

  for (const given of [
    "'postgres://hub@db.example/hub'",
    ' "postgres://hub@db.example/hub" ',
    'postgres://hub@db.example/hub',
  ])
    it(`is the store’s address read from ${given}?`, async () => {
      const environment = { SESSION_HUB_STORE: given, SESSION_HUB_STORE_TO: given }
      const read = 'postgres://hub@db.example/hub'
      expect(await withFiles(environment)).to.deep.equal({
        SESSION_HUB_STORE: read,
        SESSION_HUB_STORE_TO: read,
      })
    })

  it('is broken JSON refused by the name of the variable, without a word of it?', () => {
    expect(() => configIn({ SESSION_HUB_LIMITS: '{"perSite":secret}' }, NAMES))
      .to.throw('SESSION_HUB_LIMITS')
      .with.property('message')
      .that.does.not.include('secret')
  })

  describe('with files and a hub', () => {
    let folder: Folder
    beforeEach(() => {
      folder = newFolder()
      folder.write('hub-keys.json', generateHubKeys())
    })
    afterEach(() => folder.close())

    it('does a name that ends in _FILE stand for what is in the file?', async () => {
      const path = folder.path('hub-keys.json')
      const { SESSION_HUB_HUB_KEYS: text } = await withFiles({ SESSION_HUB_HUB_KEYS_FILE: path })
      expect(text).to.equal(readFileSync(path, 'utf8').trim())
    })

    it('are both at once refused, and a file that is not there?', async () => {
      const both = { SESSION_HUB_STORE: 'memory', SESSION_HUB_STORE_FILE: folder.path('hub-keys.json') }
      const missing = { SESSION_HUB_STORE_FILE: folder.path('nothing') }
      for (const environment of [both, missing]) {
        const message = await withFiles(environment).then(
          () => '',
          (thrown: unknown) => (thrown as Error).message,
        )
        expect(message).to.match(/^SESSION_HUB_STORE_FILE: /)
      }
    })

    it('does a command run by the environment alone?', async () => {
      const environment = {
        SESSION_HUB_ORIGIN: 'https://hub.example',
        SESSION_HUB_HUB_KEYS_FILE: folder.path('hub-keys.json'),
        SESSION_HUB_STORE: 'memory',
        SESSION_HUB_PROXY_HOPS: '1',
      }
      const { stderr } = await folder.runWith(environment, 'audit')
      expect(stderr, 'it gets as far as the store').to.include('"store" keeps nothing')
      const wrong = await folder.runWith({ ...environment, SESSION_HUB_PROXY_HOPS: 'one' }, 'audit')
      expect(wrong.stderr).to.include('"proxyHops" has to be a whole number')
      const without = await folder.run('serve')
      expect(without.stderr).to.include('SESSION_HUB_ORIGIN')
    })

    it('does a hub run by the environment alone, and read its keys and sites again?', async () => {
      folder.write('sites.json', '[]')
      const hub = new RunningHub(
        folder.begin(
          {
            SESSION_HUB_ORIGIN: 'https://hub.example',
            SESSION_HUB_HUB_KEYS_FILE: folder.path('hub-keys.json'),
            SESSION_HUB_STORE: folder.path('sessions.sqlite'),
            SESSION_HUB_SITES: folder.path('sites.json'),
            SESSION_HUB_PORT: '0',
            SESSION_HUB_PROXY_HOPS: '1',
            SESSION_HUB_LIMITS: '{"perAddress":3}',
          },
          'serve',
        ),
      )
      hub.url = String((await hub.logged('listening'))['url'])
      expect(await (await hub.get('/readyz')).json()).to.deep.equal({ status: 'ready' })
      const frame = async (address: string) => {
        const headers = { 'sec-fetch-dest': 'iframe', 'x-forwarded-for': address }
        return (await hub.get(`/frame?site=https://shop.example&nonce=${'n'.repeat(43)}`, headers)).status
      }
      const statuses = []
      for (let time = 0; time < 4; time += 1) statuses.push(await frame('203.0.113.7'))
      expect(statuses, 'the limit of the environment').to.deep.equal([404, 404, 404, 429])
      expect(await frame('203.0.113.8'), 'by the address that the proxy has seen').to.equal(404)

      folder.write('sites.json', [(await generateSite('https://shop.example')).registration])
      folder.write('hub-keys.json', generateHubKeys())
      hub.signal('SIGHUP')
      expect(await hub.logged('config_reread')).to.include({ sites: 1 })
      expect(await frame('203.0.113.9')).to.equal(200)
    })

    it('does the file count first, and is a slip in a name pointed out?', async () => {
      folder.write('hub.json', {
        origin: 'https://hub.example',
        keys: 'hub-keys.json',
        store: 'memory',
        proxyHops: 99_999,
      })
      const environment = { SESSION_HUB_PROXY_HOPS: '1' }
      const { stderr } = await folder.runWith(environment, 'serve', '--config', 'hub.json')
      expect(stderr).to.include('not 99999')
    })
  })
})

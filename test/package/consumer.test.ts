/** The package as a stranger gets it: packed, unpacked into a project of its own, and used by its public names only. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'
import { parseAst } from 'rollup/parseAst'

import { complaintsOf } from '../support/compiler.js'
import { type PackedProject, startPackedProject } from '../support/packed-project.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Entry points that are for whoever has the package. */
const DOORS: Readonly<Record<string, string>> = {
  'dist/metrics.js': 'prom-client',
  'dist/traces.js': '@opentelemetry/api',
}
/** What each door gives, some of it: an application of CommonJS can have it too. */
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  'session-hub': ['createClient'],
  'session-hub/panel': ['openPanel'],
  'session-hub/react': ['useSessionHub'],
  'session-hub/vue': ['useSessionHub'],
  'session-hub/svelte': ['sessionHub'],
  'session-hub/site': ['createSite', 'gracefulStop'],
  'session-hub/fastify': ['fastifySite'],
  'session-hub/express-session': ['expressSession'],
  'session-hub/hub': ['createHub', 'sqliteStore'],
  'session-hub/hub/postgres': ['postgresStore'],
  'session-hub/hub/redis': ['redisStore'],
  'session-hub/hub/metrics': ['hubMetrics'],
  'session-hub/traces': ['openTelemetry'],
  'session-hub/verify': ['verifySession'],
  'session-hub/testing': ['startTestHub'],
}
const isWindows = process.platform === 'win32'
const run = promisify(execFile)

interface Manifest {
  readonly version: string
  readonly bin: Record<string, string>
  readonly exports: Record<string, string | Record<string, string | readonly string[]>>
  readonly dependencies: Record<string, string>
}

describe('the packed package', function () {
  this.timeout(60_000)
  let packed: PackedProject
  let project: string
  let home: string
  let manifest: Manifest
  /** Every file of the package, by its path with slashes, and its size. */
  let files: Map<string, number>

  before(async () => {
    packed = await startPackedProject()
    project = packed.folder
    home = packed.home
    manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as Manifest
    files = await list(home)
    const peers = ['react', 'vue', ...Object.values(DOORS)]
    for (const name of [...Object.keys(manifest.dependencies), ...peers]) await packed.link(name)
    await packed.write({ 'package.json': { private: true, type: 'module' } })
  })
  after(() => packed.remove())

  const node = async (script: string, ...flags: string[]): Promise<unknown> => {
    const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '--eval', script], {
      cwd: project,
    })
    return JSON.parse(stdout)
  }

  describe('its doors', () => {
    it('does every one of them open under node, and give what it promises?', async () => {
      const names = await node(`
        const doors = ['session-hub', 'session-hub/site', 'session-hub/hub', 'session-hub/hub/postgres', 'session-hub/hub/redis', 'session-hub/verify', 'session-hub/testing', 'session-hub/express-session', 'session-hub/fastify',
          'session-hub/panel', 'session-hub/react', 'session-hub/vue', 'session-hub/svelte']
        const open = async (door) => [door, Object.keys(await import(door))]
        console.log(JSON.stringify(Object.fromEntries(await Promise.all(doors.map(open)))))`)
      expect(names).to.deep.equal({
        'session-hub': ['createClient'],
        'session-hub/panel': ['openPanel'],
        'session-hub/react': ['useSessionHub'],
        'session-hub/vue': ['useSessionHub'],
        'session-hub/svelte': ['sessionHub'],
        'session-hub/site': ['SessionHubError', 'browserName', 'createSite', 'gracefulStop'],
        'session-hub/hub/postgres': ['postgresStore'],
        'session-hub/hub/redis': ['redisStore'],
        'session-hub/verify': ['SessionHubError', 'verifySession'],
        'session-hub/testing': ['createClock', 'startTestHub', 'storeContract'],
        'session-hub/express-session': ['expressSession'],
        'session-hub/fastify': ['fastifySite'],
        'session-hub/hub': [
          'SessionHubError',
          'createHub',
          'generateAdminToken',
          'generateApp',
          'generateHubKeys',
          'generateSite',
          'gracefulStop',
          'memoryStore',
          'sqliteStore',
        ],
      })
    })

    it('is there a file behind every name, its types too?', async () => {
      const targets = Object.values(manifest.exports).flatMap((target) =>
        typeof target === 'string' ? [target] : Object.values(target),
      )
      for (const target of [...targets, ...Object.values(manifest.bin)]) {
        if (typeof target === 'string') expect(files.has(posix.normalize(target)), target).to.be.true
      }
      const resolved = await node(`
        const names = ${JSON.stringify(Object.keys(manifest.exports))}
        console.log(JSON.stringify(names.map((name) => import.meta.resolve(name.replace('.', 'session-hub')))))`)
      for (const url of resolved as string[]) expect(existsSync(fileURLToPath(url)), url).to.be.true
    })

    it('can an application of CommonJS require every one of them?', async () => {
      const names = await node(`
        import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url + '/../index.cjs')
        const doors = ${JSON.stringify(Object.keys(FUNCTIONS))}
        const namesOf = (door) => Object.entries(require(door)).filter(([, one]) => typeof one === 'function').map(([name]) => name)
        console.log(JSON.stringify(Object.fromEntries(doors.map((door) => [door, namesOf(door)]))))`)
      for (const [door, expected] of Object.entries(FUNCTIONS))
        expect((names as Record<string, string[]>)[door], door).to.include.members(expected)
      const code = Object.entries(manifest.exports).flatMap(([name, target]) =>
        typeof target === 'string' || name === './sdk.js' ? [] : [name.replace('.', 'session-hub')],
      )
      expect(Object.keys(FUNCTIONS)).to.have.members(code)
    })

    it('are those of the server closed to a browser’s bundle, and is the main one open?', async () => {
      const outcomes = await node(
        `
        const outcomes = {}
        const doors = ['session-hub', 'session-hub/verify', 'session-hub/site', 'session-hub/hub', 'session-hub/hub/postgres', 'session-hub/hub/redis', 'session-hub/testing', 'session-hub/express-session', 'session-hub/fastify']
        for (const door of doors)
          outcomes[door] = await import(door).then(() => 'open', ({ code }) => code)
        console.log(JSON.stringify(outcomes))`,
        '--conditions=browser',
      )
      expect(outcomes).to.deep.equal({
        'session-hub': 'open',
        'session-hub/verify': 'open',
        'session-hub/site': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/hub': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/hub/postgres': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/hub/redis': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/testing': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/express-session': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'session-hub/fastify': 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      })
    })

    it('does that of tests make a session that the application’s own site takes?', async () => {
      const seen = await node(`
        import express from 'express'
        import { createServer } from 'node:http'
        import { createSite } from 'session-hub/site'
        import { startTestHub } from 'session-hub/testing'
        const hub = await startTestHub()
        const site = await createSite(hub.siteOptions())
        const { cookie } = await hub.signedInAs({ subject: 'ada' })
        const app = express().use(site.session(), ({ session }, res) => res.json(session.subject))
        const server = createServer(app).listen(0, '127.0.0.1', async () => {
          const reply = await fetch('http://127.0.0.1:' + server.address().port, { headers: { cookie } })
          console.log(await reply.text())
          server.close()
          server.closeAllConnections()
          site.close()
          await hub.close()
        })`)
      expect(seen).to.equal('ada')
    })

    it('does that of express-session keep what an application puts into its session?', async () => {
      const seen = await node(`
        import express from 'express'
        import { createServer } from 'node:http'
        import { expressSession } from 'session-hub/express-session'
        import { createSite } from 'session-hub/site'
        import { startTestHub } from 'session-hub/testing'
        const hub = await startTestHub()
        const site = await createSite({ ...hub.siteOptions(), sessionProperty: 'hub' })
        const { cookie } = await hub.signedInAs({ subject: 'ada' })
        const app = express().use(expressSession(site, { secret: 'a secret of thirty-two characters' }))
        app.use(({ session }, res) => res.json([session.passport.user, (session.views = (session.views ?? 0) + 1)]))
        const server = createServer(app).listen(0, '127.0.0.1', async () => {
          const ask = () => fetch('http://127.0.0.1:' + server.address().port, { headers: { cookie } })
          await ask()
          console.log(await (await ask()).text())
          server.close()
          server.closeAllConnections()
          site.close()
          await hub.close()
        })`)
      expect(seen).to.deep.equal(['ada', 2])
    })

    it('is there no way in beside them?', async () => {
      const outcome = await node(`
        const outcome = await import('session-hub/dist/hub.js').then(() => 'open', ({ code }) => code)
        console.log(JSON.stringify(outcome))`)
      expect(outcome).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED')
    })

    it('does that of services import nothing but jose, so that it runs wherever the web does?', async () => {
      const imported = async (name: string): Promise<string[]> => {
        const source = await readFile(join(home, 'dist', name), 'utf8')
        const names = parseAst(source).body.flatMap((node) =>
          'source' in node && node.source ? [String(node.source.value)] : [],
        )
        const below = names.filter((one) => one.startsWith('./')).map((one) => imported(one.slice(2)))
        return [...names.filter((one) => !one.startsWith('./')), ...(await Promise.all(below)).flat()]
      }
      expect(new Set(await imported('verify.js'))).to.deep.equal(new Set(['jose']))
    })

    it('does that of the browser import nothing but its own parts, from beside it?', async () => {
      for (const name of [
        'dist/index.js',
        'dist/sdk.js',
        'dist/ladder.js',
        'dist/live.js',
        'dist/frame.js',
      ]) {
        const source = await readFile(join(home, name), 'utf8')
        const kinds = parseAst(source).body.map(({ type }) => type)
        expect(
          kinds.filter((type) => type === 'ImportDeclaration' || type === 'ExportAllDeclaration'),
        ).to.deep.equal([], name)
        expect(source, name).to.not.match(/\brequire\s*\(|\bprocess\.|\bBuffer\b/)
        const imported = [...source.matchAll(/\bimport\s*\((.*)/g)].map(([, what]) => what)
        if (name === 'dist/index.js')
          expect(imported.join()).to.match(/^'\.\/ladder\.js'\).*'\.\/live\.js'\)/)
        // From its own folder, by its own name.
        else if (name === 'dist/sdk.js') expect(imported.join()).to.include('/sdk/')
        else expect(imported, name).to.deep.equal([])
      }
    })

    it('does that of the server import nothing but node and its declared dependencies?', async () => {
      const allowed = Object.keys(manifest.dependencies).filter((name) => !name.startsWith('@types/'))
      for (const name of files.keys()) {
        if (!/^dist\/[^/]+\.js$/.test(name)) continue
        const { body } = parseAst(await readFile(join(home, name), 'utf8'), {
          allowReturnOutsideFunction: true,
        })
        for (const statement of body) {
          if (!('source' in statement) || !statement.source) continue
          const from = String((statement.source as { value: unknown }).value)
          if (from.startsWith('node:')) continue
          if (from.startsWith('.')) expect(files.has(posix.join('dist', from)), `${name}: ${from}`).to.be.true
          // A door for a framework is for those who have it.
          else if (name !== `dist/${from}.js` && DOORS[name] !== from) expect(allowed, name).to.include(from)
        }
      }
    })
  })

  describe('its types', () => {
    const server = `
      import express from 'express'
      import { createHub, generateHubKeys, generateSite, memoryStore, type HubOptions, SessionHubError } from 'session-hub/hub'
      import { expressSession, type ExpressSessionOptions } from 'session-hub/express-session'
      import { createSite, type Json, type SiteOptions } from 'session-hub/site'
      import { startTestHub, type TestVisitor } from 'session-hub/testing'

      const testHub = await startTestHub({ hub: { singleSession: true } })
      const tested = await createSite({ ...testHub.siteOptions(), fields: ['plan'] })
      const visitor: TestVisitor = await testHub.signedInAs({ site: tested, subject: 'ada', data: { cart: [] } })
      // @ts-expect-error -- a slip in an option
      await testHub.signedInAs({ subjct: visitor.cookie })
      // @ts-expect-error -- the keys are its own
      await startTestHub({ hub: { keys: {} } })
      const { keys, registration } = await generateSite('https://shop.example')
      const options: HubOptions = {
        origin: 'https://hub.example',
        keys: generateHubKeys(),
        sites: [registration],
        store: memoryStore(),
        merge: ({ from, into }) => ({ ...from, ...into }),
      }
      const hub = await createHub(options)
      const more: Partial<SiteOptions> = { onReplaced: ({ req, wasEmpty }) => console.log(req.session.subject, wasEmpty) }
      const site = await createSite({ origin: 'https://shop.example', hub: 'https://hub.example', keys, ...more })
      const app = express()
      app.use(hub.router, site.router, site.session())
      app.post('/cart', async (req, res) => {
        const subject: string | null = req.session.subject
        const data = await req.session.update(({ cart }) => ({ cart: [cart ?? null, subject] }))
        const cart: Json | undefined = data['cart']
        await site.signIn(req, res, { subject: 'ada', claims: { name: 'Ada' } })
        res.send(site.scriptTag(req, { start: 'idle' }) + String(cart))
      })
      try {
        await hub.close()
      } catch (error) {
        if (error instanceof SessionHubError && error.code === 'unavailable') console.log(error.status)
      }
      const old: ExpressSessionOptions = { secret: 'x'.repeat(32), shared: ['cart'], toUser: ({ subject }) => Number(subject) }
      app.use(expressSession(site, old))
      // @ts-expect-error -- an option of express-session that lives elsewhere
      expressSession(site, { ...old, resave: false })
      // @ts-expect-error -- a slip in an option
      await createSite({ orign: 'https://shop.example', hub: 'https://hub.example', keys })
      // @ts-expect-error -- no code of ours
      if (new SessionHubError('unavailable', '').code === 'unavailabel') site.close()
      // @ts-expect-error -- the session has no id to give away
      app.get('/', (req, res) => res.send(req.session.id))
      // @ts-expect-error -- nor a handle
      app.get('/', (req, res) => res.send(req.session.handle))
      `
    const browser = `
      import { createClient, type Status } from 'session-hub'

      const client = createClient({ hub: 'https://hub.example', start: 'manual' })
      client.on('session-replaced', ({ source, reason }) => console.log(source, reason))
      const status: Status = await client.sync({ force: true })
      console.log(status)
      // @ts-expect-error -- no event of ours
      client.on('session-replacd', () => undefined)
      // @ts-expect-error -- a slip in an option
      createClient({ hubs: 'https://hub.example' })
      `
    const setups = {
      'a server under nodenext': {
        source: server,
        options: { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'], types: ['node'] },
      },
      'a server under bundler': {
        source: server,
        options: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022'], types: ['node'] },
      },
      'a page under nodenext': {
        source: browser,
        options: { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'], types: [] },
      },
      'a page under bundler, exact': {
        source: browser,
        options: {
          module: 'esnext',
          moduleResolution: 'bundler',
          lib: ['es2022', 'dom'],
          types: [],
          exactOptionalPropertyTypes: true,
        },
      },
    }

    before(() => packed.link('@types/node')) // what a consumer with a server has anyway

    for (const [what, { source, options }] of Object.entries(setups)) {
      it(`does ${what} compile, strictly and with every declaration checked?`, async () => {
        await packed.write({ 'types/index.ts': source })
        const strictly = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options }
        expect(complaintsOf(join(project, 'types'), ['index.ts'], strictly)).to.equal('')
      })
    }
  })

  describe('its command', () => {
    it('does it run, and tell its version?', async () => {
      const command = join(home, manifest.bin['session-hub']!)
      const { stdout } = await run(process.execPath, [command, '--version'], { cwd: project })
      expect(stdout).to.equal(`${manifest.version}\n`)
    })

    it('does it run by itself, as an installer links it?', async function () {
      if (isWindows) this.skip() // an installer writes a .cmd beside it there
      const { stdout } = await run(join(home, manifest.bin['session-hub']!), ['--version'], { cwd: project })
      expect(stdout).to.equal(`${manifest.version}\n`)
    })

    it('does it make keys that the package takes?', async () => {
      const command = join(home, manifest.bin['session-hub']!)
      await run(process.execPath, [command, 'keys', '--out', 'hub.keys.json'], { cwd: project })
      const started = await node(`
        import { readFileSync } from 'node:fs'
        import { createHub, memoryStore } from 'session-hub/hub'
        const keys = JSON.parse(readFileSync('hub.keys.json', 'utf8'))
        const hub = await createHub({ origin: 'https://hub.example', keys, store: memoryStore() })
        await hub.close()
        console.log(JSON.stringify('started'))`)
      expect(started).to.equal('started')
    })
  })

  describe('its files', () => {
    it('are they those that a user needs, and no others?', () => {
      const isOurs =
        /^(package\.json|LICENSE|(README|CHANGELOG|SECURITY)\.md|docs\/.+\.(md|svg|png)|ops\/([\w-]+\.(json|ya?ml|conf|service|mjs)|Caddyfile|Dockerfile)|dist\/([\w-]+\.js(\.map)?|types\/(sdk|hub)\/.+\.d\.ts))$/
      expect([...files.keys()].filter((name) => !isOurs.test(name))).to.deep.equal([])
      expect(
        [...files.keys()].filter((name) =>
          /(^|\/)test\/|\.test\.|demo|bench|\.env|\.sqlite|keys\.json/.test(name),
        ),
      ).to.deep.equal([])
      expect([...files.keys()]).to.include.members([
        'LICENSE',
        'dist/sdk.js',
        'dist/ladder.js',
        'dist/live.js',
        'dist/frame.js',
        'dist/cli.js',
      ])
    })

    it('are they of a sane size, each and together?', () => {
      // More than half of it is documentation and declarations, which no process loads.
      for (const [name, size] of files) expect(size, name).to.be.below(200_000)
      expect([...files.values()].reduce((sum, size) => sum + size, 0)).to.be.below(2_500_000)
    })

    it('does a path of the machine that built them stand in any?', async () => {
      const places = [ROOT, homedir(), tmpdir()]
        .map((place) => join(place, sep))
        .filter((place) => place !== sep)
      const foreign = [/file:\/\//, /\/(home|Users)\/\w/, /[A-Z]:\\+Users/]
      for (const name of files.keys()) {
        if (name.startsWith('docs/') || name.endsWith('.md')) continue
        const text = await readFile(join(home, name), 'utf8')
        for (const place of places) expect(text.includes(place), `${name}: ${place}`).to.be.false
        for (const pattern of foreign) expect(pattern.test(text), `${name}: ${pattern.source}`).to.be.false
      }
    })

    it('does every source map bring its sources, or point to them inside the package?', async () => {
      const maps = [...files.keys()].filter((name) => name.endsWith('.map'))
      for (const name of maps) {
        const astray: string[] = []
        const map = JSON.parse(await readFile(join(home, name), 'utf8')) as {
          sources: string[]
          sourcesContent?: (string | null)[]
        }
        for (const [index, source] of map.sources.entries()) {
          const path = posix.join(posix.dirname(name), source)
          const isInside = !path.startsWith('..') && !posix.isAbsolute(source)
          const isThere = typeof map.sourcesContent?.[index] === 'string' || files.has(path)
          if (!isInside || !isThere) astray.push(source)
        }
        expect(astray, name).to.deep.equal([])
      }
    })

    it('does every script that names a source map have it?', async () => {
      for (const name of files.keys()) {
        if (!/\.(js|d\.ts)$/.test(name)) continue
        const named = /^\/\/# sourceMappingURL=(.+)$/m.exec(await readFile(join(home, name), 'utf8'))?.[1]
        if (named) expect(files.has(posix.join(posix.dirname(name), named)), `${name}: ${named}`).to.be.true
      }
    })
  })
})

const toSlashes = (path: string) => path.split(sep).join('/')

async function list(folder: string): Promise<Map<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return [toSlashes(relative(folder, path)), (await stat(path)).size] as const
    })
  return new Map(await Promise.all(sizes))
}

/** The package in projects of TypeScript and of CommonJS: the types that applications merge in, and every snippet of docs/typescript.md. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { complaintsOf } from '../support/compiler.js'
import { type PackedProject, startPackedProject } from '../support/packed-project.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

/** What a type is, exactly; not only what it can be given to. */
const SAME = `
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
  const is = <_Fact extends true>() => undefined
  `

const esm = { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2023'], types: ['node'] }
const bundled = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'], types: ['node'] }

describe('the packed package, in TypeScript', function () {
  this.timeout(60_000)
  let project: PackedProject
  let page: string
  let readme: string
  let tutorial: string

  before(async () => {
    project = await startPackedProject()
    const { dependencies } = JSON.parse(await readFile(join(project.home, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const beside = [
      '@types/node',
      '@types/express-session',
      '@types/express4',
      '@types/react',
      'express4',
      'fastify',
      'react',
      'vue',
      'svelte',
    ]
    await Promise.all([...Object.keys(dependencies), ...beside].map((name) => project.link(name)))
    page = await readFile(join(ROOT, 'docs/typescript.md'), 'utf8')
    readme = await readFile(join(ROOT, 'README.md'), 'utf8')
    tutorial = await readFile(join(ROOT, 'docs/tutorial.md'), 'utf8')
  })
  after(() => project.remove())

  /** @returns what the compiler complains of */
  async function compile(
    name: string,
    options: object,
    files: Readonly<Record<string, string>>,
    type: 'module' | 'commonjs' = 'module',
  ): Promise<string> {
    await project.write({
      [`${name}/package.json`]: { private: true, type },
      ...Object.fromEntries(Object.entries(files).map(([file, source]) => [`${name}/${file}`, source])),
    })
    return complaintsOf(join(project.folder, name), Object.keys(files), {
      target: 'es2023',
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    })
  }

  /** The code block of a document that begins with this file's name. */
  function exampleOf(name: string, document = page): string {
    const blocks = [...document.matchAll(/^```[jt]s\n(.*?)^```$/gms)].map(([, code]) => code!)
    const found = blocks.find((code) => code.startsWith(`// ${name}\n`))
    if (found === undefined) throw new Error(`There is no "${name}"`)
    return found
  }

  it('do the README’s and the tutorial’s code compile, strictly, with a cart of the application’s own?', async () => {
    const types = `
      import 'session-hub/site'
      declare module 'session-hub/site' { interface SessionData { cart: string[] } }
      `
    expect(
      await compile(
        'readme',
        { ...esm, lib: ['es2023', 'dom'] },
        {
          'types.ts': types,
          'hub.ts': exampleOf('hub.mjs', readme),
          'site.ts': exampleOf('site.mjs', readme),
          'page.ts': `import type {} from 'session-hub/sdk.js'\n${exampleOf('public/page.js', readme)}`,
          'tutorial-hub.ts': exampleOf('hub.mjs', tutorial),
          'tutorial-site.ts': exampleOf('site.mjs', tutorial),
          'tutorial-page.ts': exampleOf('public/page.js', tutorial),
        },
      ),
    ).to.equal('')
  })

  it('do those of docs/typescript.md, and are the types what it says, merged in from two files?', async () => {
    const more = `
      import 'session-hub/site'
      declare module 'session-hub/site' {
        interface SessionData { wish?: string }
        interface SessionClaims { plan?: 'free' | 'paid' }
      }
      `
    const facts = `${SAME}
      import './session-types.js'
      import './more.js'
      import type { Request, Response } from 'express'
      import { createHub } from 'session-hub/hub'
      import { createSite, type JsonObject, type SessionData, type Site, type SiteVisit } from 'session-hub/site'
      import { startTestHub } from 'session-hub/testing'
      import { verifySession } from 'session-hub/verify'

      export async function facts(site: Site, { session }: Request, visit: SiteVisit, req: Request, res: Response) {
        is<Same<keyof SessionData, 'cart' | 'delivery' | 'wish'>>()
        const data = await session.data()
        is<Same<typeof data.cart, string[] | undefined>>()
        is<Same<typeof data.delivery, { city: string; note?: string } | undefined>>()
        is<Same<typeof data.wish, string | undefined>>()
        is<Same<Awaited<ReturnType<typeof visit.session.data>>, typeof data>>()
        is<Same<typeof session.claims.name, string | undefined>>()
        is<Same<typeof session.claims.roles, readonly string[] | undefined>>()
        is<Same<typeof session.claims.plan, 'free' | 'paid' | undefined>>()
        is<Same<typeof session.fields, JsonObject>>()
        // @ts-expect-error -- no member of the data
        console.log(data.crat)
        // @ts-expect-error -- no member of the claims
        console.log(session.claims.nmae)
        // @ts-expect-error -- it is frozen
        session.claims.roles?.push('admin')

        const updated = await session.update({ cart: ['boots'], delivery: { note: null }, wish: null })
        is<Same<typeof updated, typeof data>>()
        await session.update(({ cart = [], wish }) => ({ cart: wish ? [...cart, wish] : cart, wish: null }))
        await session.update({})
        // @ts-expect-error -- a slip
        await session.update({ crat: [] })
        // @ts-expect-error -- a slip in what a function gives
        await session.update(() => ({ crat: [] }))
        // @ts-expect-error -- a number among texts
        await session.update({ cart: [1] })
        // @ts-expect-error -- a slip, one level down
        await session.update({ delivery: { town: 'Ulm' } })
        // @ts-expect-error -- a promise is no patch
        await session.update(async () => ({ wish: 'hat' }))

        await site.signIn(req, res, { subject: 'ada', claims: { name: 'Ada', roles: ['buyer'] as const } })
        await visit.signIn({ subject: 'ada' })
        // @ts-expect-error -- a slip
        await site.signIn(req, res, { subject: 'ada', claims: { nmae: 'Ada' } })
        // @ts-expect-error -- null is no name
        await visit.signIn({ subject: 'ada', claims: { name: null } })
        const changed = await session.updateClaims({ plan: 'paid', name: null })
        is<Same<typeof changed, typeof session.claims>>()
        // @ts-expect-error -- no plan of theirs
        await session.updateClaims({ plan: 'free beer' })
      }

      export const made = createSite({
        origin: 'https://shop.example',
        hub: 'https://hub.example',
        keys: undefined,
        tokenClaims: ({ claims, data }) => {
          is<Same<typeof claims.name, string | undefined>>()
          is<Same<typeof data.cart, string[] | undefined>>()
          return { items: data.cart?.length ?? 0 }
        },
      })
      const hub = await startTestHub({ hub: { merge: ({ from, into }) => ({ ...from, ...into, wish: from.wish ?? '' }) } })
      await hub.signedInAs({ subject: 'ada', claims: { name: 'Ada' }, data: { cart: ['boots'] } })
      // @ts-expect-error -- a number among texts
      await hub.anonymous({ data: { cart: [1] } })
      const { claims } = await verifySession('', { issuer: 'https://shop.example', key: '' })
      is<Same<typeof claims.name, string | undefined>>()
      // @ts-expect-error -- a hub without its keys
      await createHub({ origin: 'https://hub.example' })
      `
    const notJson = `${SAME}
      import 'session-hub/site'
      import type { Request } from 'express'
      declare module 'session-hub/site' {
        interface SessionData { when: Date; seen: Map<string, number>; big: bigint; list: { at: Date; name?: string }[]; open: { [name: string]: number } }
      }
      export async function facts({ session }: Request) {
        await session.update({ open: { a: 1, b: null } })
        await session.update({ when: null })
        // @ts-expect-error -- JSON has no dates
        await session.update({ when: new Date() })
        // @ts-expect-error -- nor maps
        await session.update({ seen: new Map() })
        // @ts-expect-error -- nor such numbers
        await session.update({ big: 1n })
        // @ts-expect-error -- nor in a list
        await session.update({ list: [{ at: new Date() }] })
      }
      `
    const files = {
      'session-types.ts': exampleOf('session-types.ts'),
      'site.ts': exampleOf('site.ts'),
    }
    const [own, exact, refused] = await Promise.all([
      compile('merged', esm, { ...files, 'more.ts': more, 'facts.ts': facts }),
      compile(
        'exact',
        { ...bundled, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
        {
          ...files,
          'more.ts': more,
          'facts.ts': facts,
        },
      ),
      compile('not-json', esm, { 'facts.ts': notJson }),
    ])
    expect([own, exact, refused]).to.deep.equal(['', '', ''])
  })

  it('does `req.session` stay express-session’s, where the site’s is `req.hub`?', async () => {
    const facts = `${SAME}
      import type { Request } from 'express'
      import session, { type Session } from 'express-session'
      import type { SiteSession } from 'session-hub/site'

      declare module 'express-session' { interface SessionData { flash: string } }

      export function facts(req: Request) {
        is<Same<typeof req.hub, SiteSession>>()
        const own: Session = req.session
        const flash: string | undefined = req.session.flash
        console.log(own.id, flash, req.sessionID, session({ secret: 'x' }))
        // @ts-expect-error -- this is the other one's
        void req.hub.regenerate
        // @ts-expect-error -- and this is ours
        void req.session.subject
      }
      `
    const files = { 'hub-property.ts': exampleOf('hub-property.ts'), 'facts.ts': facts }
    const clash = `import 'express-session'\nimport 'session-hub/site'\n`
    const [node, bundler, without] = await Promise.all([
      compile('beside', esm, files),
      compile('beside-bundled', bundled, files),
      compile('clash', esm, { 'clash.ts': clash }),
    ])
    expect([node, bundler]).to.deep.equal(['', ''])
    // The twin: without the property of its own, the compiler says what the page says.
    const [, said = ''] = /`(incorrectly extends interface '\w+')`/.exec(page.replaceAll('\n', ' ')) ?? []
    expect(said).to.not.equal('')
    expect(without).to.include(said)
  })

  it('do Fastify, Node’s own server and Express 4 know where the session is, and take their own requests?', async () => {
    const facts = `${SAME}
      import { createServer } from 'node:http'
      import express4 from 'express4'
      import Fastify from 'fastify'
      import { fastifySite } from 'session-hub/fastify'
      import type { Site, SiteSession } from 'session-hub/site'

      export async function facts(site: Site) {
        const app = Fastify()
        await app.register(fastifySite, { site, bearer: true })
        app.get('/', { preHandler: site.requireRecent(300) }, async (request, reply) => {
          is<Same<typeof request.session, SiteSession>>()
          await site.signIn(request, reply, { subject: 'ada' })
          return site.sessions(request)
        })
        // @ts-expect-error -- a slip in an option
        await app.register(fastifySite, { site, baerer: true })

        createServer(
          site.listener(async (req, res) => {
            is<Same<typeof req.session, SiteSession>>()
            await site.signOut(req, res, { everywhere: true })
          }),
        )

        const old = express4()
        old.use(site.router, site.session())
        old.get('/', site.requireRecent(300), (req, res, next) => {
          is<Same<typeof req.session, SiteSession>>()
          site.signIn(req, res, { subject: 'ada' }).then(() => res.json({}), next)
        })
        createServer(site.listener(old))
        // @ts-expect-error -- no request at all
        await site.sessions({})
      }
      `
    expect(await compile('servers', { ...esm, skipLibCheck: true }, { 'facts.ts': facts })).to.equal('')
  })

  it('does an application of CommonJS compile, by `import` where `module` knows `require` of ES modules, and by `import()` elsewhere?', async () => {
    const plain = `
      import { createSite, type Site } from 'session-hub/site'
      declare module 'session-hub/site' { interface SessionData { cart: string[] } }
      export const start = (): Promise<Site> => createSite({ origin: '', hub: '', keys: undefined })
      export const cart = async (req: import('express').Request) => (await req.session.data()).cart?.length
      `
    const commonjs = (module: string) => ({ module, lib: ['es2023'], types: ['node'] })
    const server = {
      'server.cts': exampleOf('server.cts'),
      'session-types.d.mts': exampleOf('session-types.ts'),
    }
    const typed = `
      import type { Request } from 'express'
      export const cart = async (req: Request): Promise<string[] | undefined> => (await req.session.data()).cart
      `
    const [node20, next, node16, refused] = await Promise.all([
      compile('node20', commonjs('node20'), { 'index.ts': plain }, 'commonjs'),
      compile('nodenext', commonjs('nodenext'), { 'index.ts': plain, ...server }, 'commonjs'),
      compile('node16', commonjs('node16'), { ...server, 'typed.ts': typed }, 'commonjs'),
      compile('node16-plain', commonjs('node16'), { 'index.ts': plain }, 'commonjs'),
    ])
    expect([node20, next, node16]).to.deep.equal(['', '', ''])
    expect(refused).to.match(/^index\.ts\(2\): error TS1479/m)
  })

  it('do React, Vue and Svelte get their types?', async () => {
    const facts = `${SAME}
      import { createClient, type Status } from 'session-hub'
      import { type SessionSnapshot, useSessionHub } from 'session-hub/react'
      import { sessionHub } from 'session-hub/svelte'
      import { useSessionHub as useInVue } from 'session-hub/vue'
      import { get, type Readable } from 'svelte/store'

      const client = createClient({ hub: 'https://hub.example' })
      is<Same<ReturnType<typeof useSessionHub>, SessionSnapshot>>()
      is<Same<SessionSnapshot['status'], Status>>()
      const store: Readable<SessionSnapshot> = sessionHub(client)
      const count: number = useInVue(client).value.changes + get(store).changes + useSessionHub(client).changes
      console.log(count)
      // @ts-expect-error -- a client is needed
      useSessionHub()
      // @ts-expect-error -- it is read only
      useInVue(client).value = store
      `
    expect(await compile('frontends', { ...bundled, types: [] }, { 'facts.ts': facts })).to.equal('')
  })

  it('do the page’s tests for Vitest and Jest pass, and can they fail?', async () => {
    await project.link('vitest')
    const jest = exampleOf('cart.test.js')
    await project.write({
      'runners/package.json': { private: true, type: 'module' },
      // Vitest has Jest’s words too. Under Jest itself it runs in `npm run test:adapters jest`.
      'runners/vitest.config.js': `export default {
        test: { include: ['*.vitest.js', '*.test.js'] },
        resolve: { alias: { '@jest/globals': 'vitest' } }
      }`,
      'runners/cart.vitest.js': exampleOf('cart.vitest.js'),
      'runners/cart.test.js': jest,
      'runners/wrong.test.js': jest.replace('advance(150)', 'advance(1)'),
    })
    const command = join(project.folder, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await run(process.execPath, [command, 'run', '--reporter=json'], {
      cwd: join(project.folder, 'runners'),
    }).catch((error: unknown) => error as { stdout: string })
    const { testResults } = JSON.parse(stdout) as { testResults: { name: string; status: string }[] }
    const outcomes = testResults.map(({ name, status }) => `${basename(name)}: ${status}`)
    expect(outcomes).to.have.members([
      'cart.vitest.js: passed',
      'cart.test.js: passed',
      'wrong.test.js: failed',
    ])
  })

  it('does a project of CommonJS load every door by `require`?', async () => {
    await project.write({
      'commonjs/package.json': { private: true, type: 'commonjs' },
      'commonjs/server.cjs': exampleOf('server.cjs'),
      'commonjs/index.js': `
        const doors = ['session-hub', 'session-hub/site', 'session-hub/hub', 'session-hub/verify', 'session-hub/testing', 'session-hub/panel', 'session-hub/react', 'session-hub/vue', 'session-hub/svelte']
        const start = require('./server.cjs')
        start({ origin: 'https://shop.example' }).catch(({ code }) => {
          console.log(JSON.stringify([code, ...doors.map((door) => Object.keys(require(door)).length > 0)]))
        })`,
    })
    const { stdout, stderr } = await run(process.execPath, ['commonjs/index.js'], { cwd: project.folder })
    expect(JSON.parse(stdout)).to.deep.equal(['options_invalid', ...Array<boolean>(9).fill(true)])
    expect(stderr).to.equal('')
  })
})

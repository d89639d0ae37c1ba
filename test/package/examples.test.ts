/** What can be known of `examples/` without installing anything: `npm run test:examples` installs and runs them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'

import { complaintsOf } from '../support/compiler.js'
import { exampleNames, filesOfExample } from '../support/examples.js'
import { type PackedProject, startPackedProject } from '../support/packed-project.js'

interface Manifest {
  readonly name: string
  readonly private: boolean
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** What is too heavy to be a dependency here, and what Vite adds to `import.meta`. */
const AMBIENT = `
declare module 'next/headers' { export const headers: () => Promise<Headers> }
declare module 'next/server' {
  export const connection: () => Promise<void>
  export const NextResponse: { next(): Response }
}
declare module 'next/navigation' { export const useRouter: () => { refresh(): void } }
interface ImportMeta { readonly env: Readonly<Record<string, string | undefined>> }
declare namespace NodeJS { interface ProcessEnv { ORIGIN: string; HUB: string; PORT: string } }
declare var site: Promise<import('session-hub/site').Site<Request>> | undefined
`
/** What an application of TypeScript says of its data, and has of the script tag. */
const DATA = `
import 'session-hub/sdk.js'
declare module 'session-hub/site' { interface SessionData { cart: string[] } }
`

const isCode = (path: string) => /\.(mjs|jsx?)$/.test(path)

describe('examples/', function () {
  this.timeout(60_000)
  let project: PackedProject

  before(async () => {
    project = await startPackedProject()
    const { dependencies } = JSON.parse(
      await readFile(join(project.home, 'package.json'), 'utf8'),
    ) as Manifest
    const beside = [
      '@hono/node-server',
      '@types/node',
      '@types/react',
      '@types/react-dom',
      'fastify',
      'hono',
      'react',
      'react-dom',
    ]
    await Promise.all([...Object.keys(dependencies), ...beside].map((name) => project.link(name)))
  })
  after(() => project.remove())

  for (const name of exampleNames)
    describe(name, () => {
      const files = filesOfExample(name)

      it('is a package of its own, that two commands start', () => {
        const { dependencies, scripts, ...manifest } = JSON.parse(files['package.json']!) as Manifest
        expect(manifest).to.include({ name: `session-hub-example-${name}`, private: true })
        expect(dependencies['session-hub']).to.equal('file:../..')
        expect(Object.keys(scripts)).to.deep.equal(['start'])
        // Packed and installed as from a registry, not linked to this folder.
        expect(files['.npmrc']).to.include('install-links=true')
        expect(files['README.md']).to.include('```sh\nnpm install\nnpm start\n```')
        for (const specifier of importsOf(files)) expect(dependencies).to.have.property(specifier)
      })

      it('is short, and has the same start as the others', () => {
        const own = Object.keys(files).filter(isCode)
        for (const path of own) {
          const code = files[path]!.split('\n').filter((line) => !/^\s*(\/\/|\/\*\*|$)/.test(line))
          expect(code.length, path).to.be.at.most(60)
        }
        if (name !== 'countries') expect(files['start.mjs']).to.equal(filesOfExample('smallest')['start.mjs'])
      })
    })

  it('use the package as its types say', async () => {
    const code: string[] = []
    await project.write({ 'ambient.d.ts': AMBIENT, 'data.d.ts': DATA })
    for (const name of exampleNames)
      for (const [path, text] of Object.entries(filesOfExample(name))) {
        await project.write({ [`${name}/${path}`]: text })
        if (isCode(path)) code.push(`${name}/${path}`)
      }
    const complaints = complaintsOf(project.folder, ['ambient.d.ts', 'data.d.ts', ...code], {
      target: 'es2023',
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      jsx: 'react-jsx',
      allowJs: true,
      checkJs: true,
      // Which of an application's own values may be missing, it knows itself.
      strict: false,
      strictNullChecks: true,
      skipLibCheck: true,
      noEmit: true,
    })
    // Fastify leaves the type of a body to the application.
    const ours = complaints.split('\n').filter((line) => !/body' is of type 'unknown'/.test(line))
    expect(ours.join('\n')).to.equal('')
  })
})

/** The packages that the files import, without Node's own and those that come with another one. */
function importsOf(files: Readonly<Record<string, string>>): Set<string> {
  const code = Object.entries(files).filter(([path]) => isCode(path))
  const specifiers = code.flatMap(([, text]) =>
    [...text.matchAll(/ from '([^.'][^']*)'/g)].map(([, specifier]) => specifier!),
  )
  const packages = specifiers
    .filter((specifier) => !specifier.startsWith('node:'))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)![0])
  return new Set(packages)
}

/** What the command reads before it does anything: each start of it waits for that. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const read = (file: string) => readFileSync(new URL(`../../../dist/${file}`, import.meta.url), 'utf8')

const targets = (source: string, pattern: RegExp) =>
  [...source.matchAll(pattern)].map(([, target = '']) => target)

/** What a file of the package imports at its top, in the form in which Rollup writes it. */
const imports = (file: string) => targets(read(file), /^(?:import|export)\b[^'"]*'([^']+)';$/gm)

/** What it loads later, where it is needed. */
const loads = (file: string) => targets(read(file), /\bimport\('\.\/([^']+)'\)/g)

/** Everything that is read together with a file: our own files, and packages. */
function readWith(file: string, known = new Set<string>()): Set<string> {
  known.add(file)
  for (const target of imports(file)) {
    if (target.startsWith('./')) {
      if (!known.has(target.slice(2))) readWith(target.slice(2), known)
    } else if (!target.startsWith('node:')) known.add(target)
  }
  return known
}

const packagesOf = (file: string) => [...readWith(file)].filter((name) => !name.endsWith('.js'))
const commands = loads('cli.js')

describe('a start of session-hub', () => {
  it('reads nothing of any command before it knows which one is asked for', () => {
    const files = [...readWith('cli.js')].filter((name) => name.endsWith('.js'))
    expect(files.filter((file) => commands.includes(file))).to.deep.equal([])
    expect(packagesOf('cli.js')).to.deep.equal(['leven'])
    expect(files.reduce((sum, file) => sum + read(file).length, 0)).to.be.below(20_000)
  })

  it('reads no server, no cryptography and no driver of a store with a command, until that needs them', () => {
    expect(commands).to.have.length.above(10)
    for (const command of commands)
      expect(['leven', 'lru-cache'], command).to.include.members(packagesOf(command))
  })

  it('reads them in the process that is a hub', () => {
    const [hub = ''] = loads(commands.find((file) => file.endsWith('-serve.js'))!).filter((file) =>
      file.includes('serve-hub'),
    )
    expect(packagesOf(hub)).to.include.members(['express', 'helmet', 'jose'])
  })
})

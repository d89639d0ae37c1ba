/** docs/threat-model.md promises nothing that no test has tried to break, and SECURITY.md has the rules that code and tests cite. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { readTitles, root } from '../support/titles.js'

const text = (name: string) => readFileSync(join(root, name), 'utf8')

describe('docs/threat-model.md', () => {
  const [, holds = ''] = /\n## What holds\n([^]*?)\n## /.exec(text('docs/threat-model.md')) ?? []
  const promises = holds
    .split('\n')
    .filter((line) => /^\| (?!promise|---)/.test(line))
    .map((line) => {
      const [promise = '', rules = '', tests = ''] = line.slice(2, -2).split(' | ')
      const named = [...tests.matchAll(/([\w/-]+): “([^”]+)”/g)]
      return { promise, rules, named: named.map(([, file, title]) => ({ file: file!, title: title! })) }
    })

  it('names a test for every promise', () => {
    expect(promises).to.have.length.above(30)
    expect(promises.filter(({ named }) => named.length === 0).map(({ promise }) => promise)).to.deep.equal([])
  })

  it('names tests that exist', () => {
    const rooms = new Set(promises.flatMap(({ named }) => named.map(({ file }) => file.split('/')[0]!)))
    const titles = readTitles([...rooms])
    const missing = promises.flatMap(({ promise, named }) =>
      named
        .filter(
          ({ file, title }) =>
            !titles.some((each) => each.file === `${file}.test.ts` && each.full.includes(title)),
        )
        .map(({ file, title }) => `${promise} ${file}: “${title}”`),
    )
    expect(missing).to.deep.equal([])
  })

  it('names rules that exist', () => {
    const cited = promises.flatMap(({ rules }) => rulesIn(rules))
    expect(promises.filter(({ rules }) => rulesIn(rules).length === 0)).to.deep.equal([])
    expect(cited.filter((rule) => !rulesOfSecurity().includes(rule))).to.deep.equal([])
  })
})

describe('a rule of SECURITY.md', () => {
  const rules = rulesOfSecurity()

  it('stands there once', () => {
    expect(rules).to.have.length.above(35)
    expect([...new Set(rules)]).to.deep.equal(rules)
  })

  it('is cited by a test', () => {
    const cited = new Set(sources('test').flatMap((file) => rulesIn(text(file))))
    expect(rules.filter((rule) => !cited.has(rule))).to.deep.equal([])
  })

  it('is there for every number that code and tests cite', () => {
    const cited = ['sdk', 'hub', 'test'].flatMap(sources).flatMap((file) => rulesIn(text(file)))
    expect([...new Set(cited)].filter((rule) => !rules.includes(rule))).to.deep.equal([])
  })
})

function rulesOfSecurity(): string[] {
  return [...text('SECURITY.md').matchAll(/^- \*\*(R\d+)\*\* /gm)].map(([, rule]) => rule!)
}

/** "R10 to R13" are four. */
function rulesIn(written: string): string[] {
  return [...written.matchAll(/\bR(\d{1,2})(?: to R(\d{1,2}))?\b/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `R${Number(first) + index}`),
  )
}

function sources(room: string): string[] {
  return readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${room}/${name}`)
}

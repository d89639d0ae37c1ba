/**
 * Writes `docs/attacks.md` from the titles of the tests: `npm run docs:attacks`. A test says what was tried, the rule that stops it, and
 * often its allowed twin; where it says no twin, the first lines of its file do.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { readTitles, root, type TestTitle } from '../support/titles.js'

export const attacksFile = join(root, 'docs/attacks.md')

const INTRODUCTION = `# Attacks

Every attack that the tests run, made from their titles by \`npm run docs:attacks\`; \`npm test\` fails where this page is not what they say. The rules are
those of [SECURITY.md](../SECURITY.md#rules), the claims that rest on these tests are in the [threat model](threat-model.md). The *twin* differs from the
attack in one thing and is allowed: it shows that the attack failed for that one reason. Where a row has none, it is in the words above its table or a
row of its own.
`

/** Tests in real browsers are attacks where they cite a rule, or in these files. */
const inBrowsers = /^browser\/(messages|fixation|ladder-attacks)\.test/
const rule = /\bR\d{1,2}\b/g

const isAttack = ({ file, full }: TestTitle) =>
  file.startsWith('attacks/') || inBrowsers.test(file) || full.search(rule) >= 0

export function writeAttackTable(): string {
  const attacks = readTitles(['attacks', 'browser']).filter(isAttack)
  const files = [...new Set(attacks.map(({ file }) => file))]
  const sections = files.map((file) =>
    sectionOf(
      file,
      attacks.filter((attack) => attack.file === file).map(({ full }) => full),
    ),
  )
  const total = `${attacks.length} tests in ${files.length} files.\n`
  return [INTRODUCTION, total, ...sections].join('\n')
}

function sectionOf(file: string, titles: readonly string[]): string {
  const said = wordsAbove(file)
  const rows = titles.map((title) => {
    const { attack, twin } = apart(title)
    return `| ${rulesOf(title)} | ${cell(attack)} | ${cell(twin)} |`
  })
  return `## [${file}](../test/${file})

${said}

| rule | attack | twin |
|---|---|---|
${rows.join('\n')}
`
}

const rulesOf = (text: string) => [...new Set(text.match(rule))].join(', ')

/** "… is refused; from a page of the site it is not", "…, and the true one works": what is behind is the twin. */
function apart(title: string): { attack: string; twin: string } {
  const said = title.replace(/\bR\d{1,2}(, R\d{1,2})*( and R\d{1,2})?: /g, '')
  const [attack = said, twin = ''] = said.split(
    /; (?!.*; )|, (?:and )?(?=(?:the|a) true (?:one|offer|ticket))/,
  )
  return { attack, twin }
}

const cell = (text: string) => text.replace(/[\\|`*_<>[\]]/g, (sign) => `\\${sign}`).replace(/\s+/g, ' ')

/** What the file says of itself, in its first comment. */
function wordsAbove(file: string): string {
  const [, comment = ''] = /^\/\*\*([^]*?)\*\//.exec(readFileSync(join(root, 'test', file), 'utf8')) ?? []
  return comment.replace(/\n \* ?/g, ' ').trim()
}

if (process.argv[1]?.endsWith('attack-table.js')) writeFileSync(attacksFile, writeAttackTable())

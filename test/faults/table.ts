/** What the faults have shown: printed at the end, and kept in docs/faults.md. A run of some of them replaces the rows of those alone. */
import { readFileSync, writeFileSync } from 'node:fs'

export interface Row {
  readonly engine: string
  readonly fault: string
  readonly promised: string
  /** Acknowledged writes. */
  readonly answered: number | string
  readonly lost: number | string
  readonly callers: string
}

const PAGE = 'docs/faults.md'
const HEAD = '| engine | fault | promised | answered | lost | what callers saw |\n|---|---|---|---|---|---|\n'
const TABLE = /\| engine \| fault \|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)*)/

const rows: Row[] = []

export function note(row: Row): void {
  rows.push(row)
}

const lineOf = ({ engine, fault, promised, answered, lost, callers }: Row) =>
  `| ${[engine, fault, promised, answered, lost, callers].join(' | ')} |`

after(() => {
  if (rows.length === 0) return
  console.log(`\n${HEAD}${rows.map(lineOf).join('\n')}\n`)
  const page = readFileSync(PAGE, 'utf8')
  const nameOf = (line: string) => line.split('|').slice(1, 3).join('|')
  const lines = new Map(
    (TABLE.exec(page)?.[1] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => [nameOf(line), line]),
  )
  for (const row of rows) lines.set(nameOf(lineOf(row)), lineOf(row))
  const day = new Date().toISOString().slice(0, 10)
  writeFileSync(
    PAGE,
    page
      .replace(TABLE, () => `${HEAD}${[...lines.values()].join('\n')}\n`)
      .replace(/Last run: [-\d]+/, `Last run: ${day}`),
  )
})

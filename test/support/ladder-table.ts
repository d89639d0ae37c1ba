/**
 * The table of `docs/browsers.md`, made from what the journeys have seen: which rung works in which browser, and what it costs.
 * `SESSION_HUB_WRITE_TABLE=1` writes it. Without that, a run that saw something else than the document says is a failure.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Rung } from '../../sdk/protocol/wire.js'

const DOCUMENT = fileURLToPath(new URL('../../../docs/browsers.md', import.meta.url))

const RUNGS: readonly Rung[] = ['frame', 'access', 'link', 'redirect']

/** What stands in the first two columns. */
const ROWS = {
  allowed: ['Chromium', 'allowed, as in stock Chrome'],
  blocked: ['Chromium', 'blocked'],
  incognito: ['Chromium', 'a private window: blocked'],
  granted: ['Chromium', 'blocked, access granted before'],
  firefox: ['Firefox', 'its default protection'],
  webkit: ['WebKit', 'tracking prevention, as in Safari'],
} as const
export type LadderRow = keyof typeof ROWS

export type Sighting =
  /** The session came, after so many requests. */
  | { readonly how: 'works'; readonly requests: number }
  /** The browser asks its visitor first. Not every test can say yes. */
  | { readonly how: 'prompt'; readonly requests?: number }
  | { readonly how: 'no' }
  /** The frame has done it already. */
  | { readonly how: 'not needed' }

const seen = new Map<string, string>()
const keyOf = (row: LadderRow, rung: Rung) => `${row} ${rung}`

/** @throws Error when the same rung was seen otherwise in this run */
export function noteRung(row: LadderRow, rung: Rung, sighting: Sighting): void {
  const text = 'requests' in sighting ? `${sighting.how}, ${sighting.requests}` : sighting.how
  const before = seen.get(keyOf(row, rung)) ?? text
  if (before !== text) throw new Error(`${keyOf(row, rung)} was "${before}", and now it is "${text}"`)
  seen.set(keyOf(row, rung), text)
}

/** The cells of these rows that no journey has seen. */
export const unseenCells = (rows: readonly LadderRow[]): string[] =>
  rows.flatMap((row) => RUNGS.map((rung) => keyOf(row, rung))).filter((key) => !seen.has(key))

/** The table as the document has it, and as this run says that it has to be. */
export function compareTable(): { readonly written: string; readonly measured: string } {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [before, written, after] = cut(text)
  const old = cellsOf(written)
  const rows = (Object.keys(ROWS) as LadderRow[]).map((row) => [
    ...ROWS[row],
    // Another suite's rows stay as they are.
    ...RUNGS.map((rung, column) => seen.get(keyOf(row, rung)) ?? old.get(ROWS[row].join())?.[column] ?? ''),
  ])
  const headings = ['browser', "other sites' cookies", ...RUNGS.map((rung) => `\`${rung}\``)]
  const measured = [headings, headings.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
  if (process.env.SESSION_HUB_WRITE_TABLE !== '1') return { written, measured }
  writeFileSync(DOCUMENT, before + measured + after)
  return { written: measured, measured }
}

/** What the document says of each row's rungs. */
const cellsOf = (table: string): Map<string, string[]> =>
  new Map(
    table.split('\n').map((line) => {
      const [browser, cookies, ...rungs] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      return [[browser, cookies].join(), rungs]
    }),
  )

function cut(text: string): [before: string, table: string, after: string] {
  const [begin, end] = ['<!-- made by the journeys -->\n', '\n<!-- up to here -->']
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < 0) throw new Error('docs/browsers.md has lost the marks around its table')
  const start = from + begin.length
  return [text.slice(0, start), text.slice(start, to), text.slice(to)]
}

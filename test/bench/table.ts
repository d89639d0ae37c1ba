import { isMet, type Row } from './row.js'

const HEADINGS = ['what', 'figure', 'from - to', 'unit', 'target', '']

/** The rows as text, the notes below. */
export function tableOf(rows: readonly Row[]): string {
  const notes: string[] = []
  const lines = rows.map((row) => {
    const mark = row.note === undefined ? '' : ` [${notes.push(row.note)}]`
    return [
      row.what + mark,
      short(row.figure),
      row.range ? row.range.map(short).join(' - ') : '',
      row.unit,
      targetOf(row),
      row.target ? (isMet(row) ? 'met' : 'MISSED') : '',
    ]
  })
  const all = [HEADINGS, ...lines]
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  const written = all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [
    written[0],
    rule,
    ...written.slice(1),
    '',
    ...notes.map((note, index) => `[${index + 1}] ${note}`),
  ].join('\n')
}

function targetOf({ target }: Row): string {
  if (!target) return ''
  return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`
}

/** Three digits that mean something; more would be noise. */
const short = (figure: number) =>
  Number.isInteger(figure) || Math.abs(figure) >= 100 ? figure.toFixed(0) : figure.toPrecision(3)

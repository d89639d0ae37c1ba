/** Tables for people: each column is as wide as its longest cell. */

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(visible))
  const widths = head.map((_, at) => lines.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), 0))
  return lines
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Strangers choose some names. Characters that are invisible, reverse the text or begin a line would change how a row reads. */
export const visible = (cell: string): string =>
  cell.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)

/** A moment, in UTC and to the second. */
export const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`

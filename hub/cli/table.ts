/** Rows for people: columns as wide as what stands in them. */

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** A moment, in UTC and to the second. */
export const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`

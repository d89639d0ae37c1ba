/**
 * Reads one row by its columns' names. The driver creates each name again for each row, which takes longer than finding the row. So the driver
 * returns a list, and the names are added here.
 */
import type { StatementSyncInstance } from '@photostructure/sqlite'

type Parameters = Readonly<Record<string, string | number | null>>

/** @returns `undefined` if there is no such row */
export type NamedRow = (parameters: Parameters) => unknown

export function namedRow(statement: StatementSyncInstance): NamedRow {
  const names = statement.columns().map(({ name }) => name)
  // A copy of this has its final shape at once: adding one name after another takes as long as finding the row.
  const empty: Readonly<Record<string, unknown>> = Object.fromEntries(names.map((name) => [name, null]))
  statement.setReturnArrays(true)
  return (parameters) => {
    const list: unknown = statement.get(parameters)
    if (!Array.isArray(list)) return undefined
    const row = { ...empty }
    names.forEach((name, at) => {
      row[name] = list[at]
    })
    return row
  }
}

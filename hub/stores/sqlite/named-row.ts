/**
 * One row by its columns' names. The driver makes each name anew for each row, which takes longer than finding the row: so it gives a list, and the
 * names are put to it here.
 */
import type { StatementSyncInstance } from '@photostructure/sqlite'

type Parameters = Readonly<Record<string, string | number | null>>

/** @returns `undefined` where there is no such row */
export type NamedRow = (parameters: Parameters) => unknown

export function namedRow(statement: StatementSyncInstance): NamedRow {
  const names = statement.columns().map(({ name }) => name)
  // Copied, each row has its final shape at once: to grow it name by name takes as long as to find it.
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

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
  statement.setReturnArrays(true)
  return (parameters) => {
    const list: unknown = statement.get(parameters)
    if (!Array.isArray(list)) return undefined
    const row: Record<string, unknown> = {}
    names.forEach((name, at) => {
      row[name] = list[at]
    })
    return row
  }
}

/** Counts the live sessions along indexes, one page at a time, so that no request waits for the whole count. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { StatementSyncInstance } from '@photostructure/sqlite'

import { integer } from '../rows.js'
import { attempt } from './faults.js'
import type { Statements } from './statements.js'

const PAGE = 500

/** All sessions that have not expired, minus those of them that have ended. Few have ended, because a sweep removes them after a day. */
export async function countLive(statements: Statements, nowMs: number): Promise<number> {
  const { unexpiredPage, unexpiredRest, endedPage, endedRest } = statements
  const unexpired = await countPages(unexpiredPage, unexpiredRest, nowMs, {})
  const ended = await countPages(endedPage, endedRest, -1, { nowMs })
  // A session can begin and end between the two counts.
  return Math.max(0, unexpired - ended)
}

/**
 * @param page returns the last row of the next page, if there is a whole one
 * @param rest counts the remaining rows
 * @param fromMs only later rows are counted
 */
async function countPages(
  page: StatementSyncInstance,
  rest: StatementSyncInstance,
  fromMs: number,
  asked: Record<string, number>,
): Promise<number> {
  let at = { ...asked, atMs: fromMs, row: Number.MAX_SAFE_INTEGER }
  for (let counted = 0; ; counted += PAGE) {
    const from = at
    const last = attempt((): unknown => page.get({ ...from, skipped: PAGE - 1 }))
    if (last === undefined) return counted + attempt(() => integer(rest.get(from), 'rows'))
    at = { ...asked, atMs: integer(last, 'at_ms'), row: integer(last, 'row') }
    await nextTurn()
  }
}

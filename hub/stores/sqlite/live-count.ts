/** How many sessions are live, counted along indexes a page at a time: no request waits for the whole of it. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { StatementSyncInstance } from '@photostructure/sqlite'

import { integer } from '../rows.js'
import { attempt } from './faults.js'
import type { Statements } from './statements.js'

const PAGE = 500

/** All that have not expired, minus those of them that have ended. The ended ones are few: a sweep removes them after a day. */
export async function countLive(statements: Statements, nowMs: number): Promise<number> {
  const { unexpiredPage, unexpiredRest, endedPage, endedRest } = statements
  const unexpired = await countPages(unexpiredPage, unexpiredRest, nowMs, {})
  const ended = await countPages(endedPage, endedRest, -1, { nowMs })
  // A session can have come and gone between the two.
  return Math.max(0, unexpired - ended)
}

/**
 * @param page gives the last row of the next page, if there is a whole one
 * @param rest counts what is left
 * @param fromMs what comes later is counted
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

/** The contract of stores, as tests: what a hub relies on in every store. */
import { actingTests } from './acting.js'
import { administrationTests } from './administration.js'
import { countingTests } from './counting.js'
import { endingsTests } from './endings.js'
import { openAndClosedTests } from './open-and-closed.js'
import { processTests } from './processes.js'
import { readingTests } from './reading.js'
import { sitesTests } from './sites.js'
import { subjectsTests } from './subjects.js'
import { type StoreContractOptions, type StoreSuite, suiteOf } from './suite.js'
import { sweepTests } from './sweep.js'
import { transactTests } from './transact.js'

export type { StoreContractOptions, StoreWorld } from './suite.js'

const chapters: Readonly<Record<string, (suite: StoreSuite) => void>> = {
  reading: readingTests,
  transactions: transactTests,
  subjects: subjectsTests,
  endings: endingsTests,
  'acting as a user': actingTests,
  administration: administrationTests,
  counting: countingTests,
  sites: sitesTests,
  sweeping: sweepTests,
  'open and closed': openAndClosedTests,
}

/**
 * Declares the tests that every store of a hub has to pass, including races and `kill -9`. Call it where your test runner finds tests; it
 * needs only `describe` and `it` from the runner.
 *
 * @example
 * import { describe, it } from 'node:test'
 * storeContract({ open: () => ({ store: myStore() }), describe, it })
 */
export function storeContract(options: StoreContractOptions): void {
  const suite = suiteOf(options)
  for (const [title, declare] of Object.entries(chapters)) suite.describe(title, () => declare(suite))
  if (suite.opener !== undefined)
    suite.describe('several processes, and the end of one', () => processTests(suite))
}

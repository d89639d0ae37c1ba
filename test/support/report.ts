/** mocha's own report, and after it where the time went, and each test that was tried again, with the fault of its first try: each is a fault to find. */
import { relative } from 'node:path'

import Mocha from 'mocha'

const { EVENT_HOOK_END, EVENT_RUN_END, EVENT_TEST_END, EVENT_TEST_RETRY } = Mocha.Runner.constants
const SHOWN_FILES = 12

export default class Report extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options)
    const faults = new Map<string, string | undefined>()
    const milliseconds = new Map<string, number>()
    const count = ({ file, duration = 0 }: Mocha.Runnable) => {
      if (file !== undefined) milliseconds.set(file, (milliseconds.get(file) ?? 0) + duration)
    }
    runner.on(EVENT_TEST_END, count)
    runner.on(EVENT_HOOK_END, count)
    runner.on(EVENT_TEST_RETRY, (test: Mocha.Test, error: Error) => {
      const title = test.fullTitle()
      if (!faults.has(title)) faults.set(title, error.message.split('\n')[0])
    })
    runner.once(EVENT_RUN_END, () => {
      const slowest = [...milliseconds].sort(([, one], [, other]) => other - one).slice(0, SHOWN_FILES)
      console.log('  The slowest files, in seconds:')
      for (const [file, time] of slowest)
        console.log(`    ${String(Math.round(time / 1000)).padStart(4)}  ${relative('build', file)}`)
      console.log(`  ${faults.size || 'no'} ${faults.size === 1 ? 'test was' : 'tests were'} tried again`)
      for (const [title, fault] of faults) console.log(`    ${title}\n      ${fault}`)
    })
  }
}

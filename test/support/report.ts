/** mocha's own report, and after it each test that was tried again, with the fault of its first try: each is a fault to find. */
import Mocha from 'mocha'

const { EVENT_RUN_END, EVENT_TEST_RETRY } = Mocha.Runner.constants

export default class Report extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options)
    const faults = new Map<string, string | undefined>()
    runner.on(EVENT_TEST_RETRY, (test: Mocha.Test, error: Error) => {
      const title = test.fullTitle()
      if (!faults.has(title)) faults.set(title, error.message.split('\n')[0])
    })
    runner.once(EVENT_RUN_END, () => {
      console.log(`  ${faults.size || 'no'} ${faults.size === 1 ? 'test was' : 'tests were'} tried again`)
      for (const [title, fault] of faults) console.log(`    ${title}\n      ${fault}`)
    })
  }
}

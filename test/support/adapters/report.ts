/** A dot for each test, and at the end the tests that the adapter of the run cannot show, with the reasons. */
import Mocha from 'mocha'

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants

export default class AdapterReport extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options)
    const notShown: string[] = []
    runner.on(EVENT_TEST_PENDING, (test: Mocha.Test) => void notShown.push(test.fullTitle()))
    runner.once(EVENT_RUN_END, () => {
      if (notShown.length > 0) console.log('  Not shown here:')
      for (const title of notShown) console.log(`    ${title}`)
    })
  }
}

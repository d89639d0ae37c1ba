/**
 * The tests of sites and of attacks once more, with the sites of their worlds behind each other adapter: no adapter has a rule of its own. And
 * the journeys, in a real Chromium.
 *
 *     npm run test:adapters                  all
 *     node test/adapters.mjs web             one of them
 */
import { spawnSync } from 'node:child_process'

const [only] = process.argv.slice(2)
const files = ['build/test/{site,attacks}/**/*.test.js', 'build/test/browser/journeys.test.js']
let failed = 0
for (const adapter of only ? [only] : ['node', 'web']) {
  console.log(`Sites behind the adapter "${adapter}":`)
  const { status } = spawnSync(
    'node_modules/.bin/mocha',
    ['--forbid-only', '--parallel', '--jobs', '2', '--reporter', 'dot', ...files],
    { stdio: 'inherit', env: { ...process.env, SITE_ADAPTER: adapter } },
  )
  if (status !== 0) failed = 1
}
process.exitCode = failed

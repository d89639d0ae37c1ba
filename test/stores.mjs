/**
 * The tests over the wire once more, with the hubs of their worlds on each other store; and the journeys, in a real Chromium. `twice` is memory that
 * takes each decision twice, as a store does where another process was faster. `pgbouncer` is the contract's own suite, on PostgreSQL through PgBouncer in
 * transaction mode.
 *
 *     npm run test:stores                  all
 *     node test/stores.mjs postgres        one of them
 */
import { spawnSync } from 'node:child_process'

const [only] = process.argv.slice(2)
const files = [
  'build/test/{hub,site,attacks,admin}/**/*.test.js',
  'build/test/browser/{journeys,ladder-journeys}.test.js',
]
const contract = ['build/test/contracts/store.test.js']
let failed = 0
for (const store of only ? [only] : ['twice', 'sqlite', 'postgres', 'redis', 'pgbouncer']) {
  console.log(`Hubs on the store "${store}":`)
  const isContract = store === 'pgbouncer'
  // Four processes at one row, and two servers beside them.
  const parameters = isContract ? ['--timeout', '60000', ...contract] : files
  if (isContract) spawnSync('node', ['test/install-browsers.mjs', 'stores'], { stdio: 'inherit' })
  const { status } = spawnSync(
    'node_modules/.bin/mocha',
    ['--forbid-only', '--parallel', '--jobs', '2', '--reporter', 'dot', ...parameters],
    { stdio: 'inherit', env: { ...process.env, TEST_STORE: store } },
  )
  if (status !== 0) failed = 1
}
process.exitCode = failed

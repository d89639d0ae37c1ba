/**
 * The tests over the wire once more, with the hubs of their worlds on each other store; and the journeys, in a real Chromium. `twice` is memory that
 * takes each decision twice, as a store does where another process was faster. `pgbouncer` is the contract's own suite, on PostgreSQL through PgBouncer in
 * transaction mode. `valkey` is the same as `redis`, and the contract before it, on Valkey, where that is installed.
 *
 *     npm run test:stores                  all
 *     node test/stores.mjs postgres        one of them
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const [only] = process.argv.slice(2)
const files = [
  'build/test/{hub,site,attacks,admin}/**/*.test.js',
  // Each by itself: mocha takes a name with nothing but braces for that of one file.
  'build/test/browser/journeys.test.js',
  'build/test/browser/ladder-journeys.test.js',
]
const contract = ['build/test/contracts/store.test.js']
const ofRedis = [...contract, 'build/test/contracts/redis.test.js', '--grep', 'Redis']
let failed = 0
for (const store of only ? [only] : ['twice', 'sqlite', 'postgres', 'redis', 'pgbouncer', 'valkey']) {
  console.log(`Hubs on the store "${store}":`)
  if (store === 'pgbouncer') {
    spawnSync('node', ['test/install-browsers.mjs', 'stores'], { stdio: 'inherit' })
    run(contract, { TEST_STORE: store })
  } else if (store === 'valkey') runOnValkey()
  else run(files, { TEST_STORE: store })
}
process.exitCode = failed

function runOnValkey() {
  const server = valkey()
  if (!server) {
    console.log(
      'No valkey-server is installed here (Debian 12 has it in bookworm-backports): left out. SESSION_HUB_VALKEY may name its path.',
    )
    return
  }
  run(ofRedis, { SESSION_HUB_REDIS: server })
  run(files, { SESSION_HUB_REDIS: server, TEST_STORE: 'redis' })
}

function valkey() {
  const { SESSION_HUB_VALKEY: chosen, PATH = '' } = process.env
  if (chosen) return chosen
  return PATH.split(delimiter)
    .map((folder) => join(folder, 'valkey-server'))
    .find((path) => existsSync(path))
}

function run(tests, environment) {
  // Of the contract, four processes are at one row, and two servers beside them.
  const limit = tests === files ? [] : ['--timeout', '60000']
  const { status } = spawnSync(
    'node_modules/.bin/mocha',
    ['--forbid-only', '--parallel', '--jobs', '2', '--reporter', 'dot', ...limit, ...tests],
    { stdio: 'inherit', env: { ...process.env, ...environment } },
  )
  if (status !== 0) failed = 1
}

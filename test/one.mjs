// Runs single test files in seconds: builds only what has changed, checks no types, and gives no test a second try.
//
//     npm run test:one -- site/session                    one file, by any part of its path
//     npm run test:one -- browser/live -g 'signs out'     one test of it; options after the names are mocha's
//     npm run test:one -- browser/live --times 10         ten times, to find a test that fails now and then
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { buildStale, filesIn } from './build-stale.mjs'

const { names, times, options } = readArguments(process.argv.slice(2))
const tests = filesIn('test').filter((file) => file.endsWith('.test.ts'))
const chosen = tests.filter((file) => names.some((name) => file.includes(name)))
if (chosen.length === 0) fail('Name a test file, such as "site/session". Nothing in test/ matches.')

if (!buildStale()) process.exit(1)
const built = chosen.map((file) => join('build', file.replace(/\.ts$/, '.js')))
for (let time = 1; time <= times; time += 1) {
  if (times > 1) console.log(`\n— ${time} of ${times}`)
  run('mocha', [...options, ...built])
}

function readArguments(given) {
  const first = given.findIndex((each) => each.startsWith('-'))
  const [names, options] = first < 0 ? [given, []] : [given.slice(0, first), given.slice(first)]
  const at = options.indexOf('--times')
  const times = at < 0 ? 1 : Number(options.splice(at, 2)[1])
  if (!Number.isInteger(times) || times < 1) fail('"--times" is followed by a whole number')
  return { names: names.map((name) => name.replace(/\.[jt]s$/, '')), times, options }
}

function run(command, parameters) {
  const { status } = spawnSync(join('node_modules/.bin', command), parameters, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

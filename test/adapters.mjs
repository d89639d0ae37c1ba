/**
 * The tests of sites and of attacks once more, with the sites of their worlds behind each other adapter: no adapter has a rule of its own. And
 * the journeys, in a real Chromium. Then the applications of docs/frameworks on what is too heavy to be a dependency here, each in a project that npm
 * installs; and Jest.
 *
 *     npm run test:adapters                  all
 *     npm run test:adapters -- fastify jest  some of them
 *     npm run test:adapters -- nextjs-suite  the first tests in an application of Next.js
 *     npm run test:adapters -- guards        breaks guards of the core, and asks whether the tests behind each adapter notice
 */
import { spawnSync } from 'node:child_process'

const adapters = ['node', 'express4', 'fastify', 'web']
const frameworks = ['nestjs', 'nextjs', 'runtimes', 'jest']
const parts = [...adapters, 'nextjs-suite', ...frameworks, 'guards']

const given = process.argv.slice(2)
const unknown = given.filter((part) => !parts.includes(part))
if (unknown.length > 0) {
  console.error(`There is no "${unknown.join('", "')}": there are ${parts.join(', ')}.`)
  process.exit(1)
}
const chosen = given.length > 0 ? given : parts

let failed = 0
for (const adapter of adapters.filter((one) => chosen.includes(one))) runBehind(adapter)
if (chosen.includes('nextjs-suite')) {
  const { buildNextjsApp } = await import(
    new URL('../build/test/support/adapters/nextjs-app.js', import.meta.url).href
  )
  const project = await buildNextjsApp()
  runBehind('nextjs', { SITE_NEXTJS: project.folder })
  await project.remove()
}
const files = frameworks
  .filter((one) => chosen.includes(one))
  .map((one) => `build/test/frameworks/${one}.test.js`)
if (files.length > 0) mocha(['--no-config', ...files])
if (chosen.includes('guards')) run(process.execPath, ['build/test/mutants/adapters.js'])
process.exitCode = failed

function runBehind(adapter, environment = {}) {
  console.log(`Sites behind the adapter "${adapter}":`)
  mocha(
    [
      '--parallel',
      '--jobs',
      '2',
      '--reporter',
      'build/test/support/adapters/report.js',
      'build/test/{site,attacks}/**/*.test.js',
      'build/test/browser/journeys.test.js',
    ],
    { SITE_ADAPTER: adapter, ...environment },
  )
}

function mocha(parameters, environment) {
  run('node_modules/.bin/mocha', ['--forbid-only', ...parameters], environment)
}

function run(command, parameters, environment = {}) {
  const { status } = spawnSync(command, parameters, {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  if (status !== 0) failed = 1
}

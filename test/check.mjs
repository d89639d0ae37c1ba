/**
 * Builds everything and runs all checks, in two lanes: each step waits for what it needs, and no processor waits for the other. `npm run check`
 *
 * What fails is printed whole, and the rest goes on: one run names everything that is wrong.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

let isWell = true

async function run(...scripts) {
  for (const script of scripts) {
    const child = spawn('npm', ['run', '--silent', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    const said = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part))
    const [code] = await once(child, 'close')
    if (code === 0) continue
    console.error(`${said.join('')}\n"npm run ${script}" failed.`)
    isWell = false
  }
}

/** The tests and the demo see the package by its own declarations. */
const types = run('build:types')
await Promise.all([
  run('check:format', 'check:arrows', 'check:words')
    .then(() => types)
    .then(() => run('check:lint')),
  // The tests are built with all types checked.
  types.then(() =>
    run('build:bundles', 'build:tests', 'check:docs', 'check:size', 'check:package', 'check:unused'),
  ),
])
process.exitCode = isWell ? 0 : 1

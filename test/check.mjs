/**
 * All checks, side by side where they do not need each other. `npm run check`
 *
 * What fails is printed whole, and the rest goes on: one run names everything that is wrong.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const LANES = [['lint'], ['format', 'arrows', 'types', 'size', 'package', 'unused']]

async function run(script) {
  const child = spawn('npm', ['run', '--silent', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part))
  const [code] = await once(child, 'close')
  if (code !== 0) console.error(`${said.join('')}\n"npm run ${script}" failed.`)
  return code === 0
}

let isWell = await run('build')
if (isWell)
  await Promise.all(
    LANES.map(async (lane) => {
      for (const name of lane) isWell = (await run(`check:${name}`)) && isWell
    }),
  )
process.exitCode = isWell ? 0 : 1

/** `npm run test:webkit`: starts the tests of this folder in a process that trusts the hub's certificate, made a moment before. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { makeCertificate } from '../support/certificate.js'

const folder = await mkdtemp(join(tmpdir(), 'session-hub-certificate-'))
try {
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
  const tests = fileURLToPath(new URL('*.test.js', import.meta.url))
  const options = ['--no-config', '--forbid-only', '--timeout', '30000', ...process.argv.slice(2)]
  const run = spawn(process.execPath, [mocha, ...options, tests], {
    env: { ...process.env, ...makeCertificate(folder) },
    stdio: 'inherit',
  })
  const [code] = (await once(run, 'exit')) as [number | null]
  process.exitCode = code ?? 1
} finally {
  await rm(folder, { recursive: true })
}

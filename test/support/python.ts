/** The service in Python, run as its owner would. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { lookForProgram } from './programs.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** No folders of bytecode in the source. */
const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }

/** Skips a suite, and says why, on a machine where nobody could install it. */
export function needPython(suite: Mocha.Context): string {
  const python = lookForProgram('SESSION_HUB_PYTHON')
  if (python !== undefined) return python
  console.log(
    'SKIPPED: there is no python3 with PyJWT and cryptography. "npm test" installs them on Debian as root; or put a path into SESSION_HUB_PYTHON',
  )
  return suite.skip()
}

/** What a program of the repository prints. */
export async function runPython(python: string, file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(python, [root + file], { env: environment })
  return stdout
}

export interface PythonService {
  readonly origin: string
  close(): Promise<void>
}

/** @param key instead of a file or a list of keys */
export async function startPythonService(
  python: string,
  options: Readonly<Record<string, string>>,
  key?: object,
): Promise<PythonService> {
  const flags = Object.entries({ port: '0', ...options }).map(([name, value]) => `--${name}=${value}`)
  const child = spawn(python, [`${root}demo/python/service.py`, ...flags], {
    env: { ...environment, ...(key && { SESSION_HUB_KEY: JSON.stringify(key) }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const close = async () => {
    if (child.exitCode !== null) return
    const exit = once(child, 'exit')
    child.kill()
    await exit
  }
  for await (const line of createInterface(child.stdout)) {
    const [, port] = /listens on port (\d+)/.exec(line) ?? []
    if (port !== undefined) return { origin: `http://127.0.0.1:${port}`, close }
  }
  throw new Error(`It ended before it listened: ${complaint}`)
}

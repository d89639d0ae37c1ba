/** Builds what has changed and nothing else, in seconds: the bundles whose sources are newer, then the demo and the tests. Checks no types. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Whether all of it builds. What does not is said on the terminal. */
export function buildStale() {
  const shared = [
    'rollup.config.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.browser.json',
    ...filesIn('sdk/protocol'),
  ]
  const isPage = (file) => /^(sdk\/(browser|frontends)|hub\/pages)\//.test(file)
  const sources = [...filesIn('sdk'), ...filesIn('hub')]
  const isStale = {
    browser: isOlder('dist/sdk.js', [...shared, ...sources.filter(isPage)]),
    server: isOlder('dist/hub.js', [...shared, ...sources.filter((file) => !isPage(file))]),
  }
  const parts = Object.keys(isStale).filter((part) => isStale[part])
  const builds = parts.length === 2 ? [[]] : parts.map((part) => ['--configPart', part])
  return (
    builds.every((part) => run('rollup', ['-c', '--silent', ...part])) &&
    run('tsc', ['-p', 'tsconfig.json', '--noCheck'])
  )
}

export function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function isOlder(target, sources) {
  if (!existsSync(target)) return true
  const { mtimeMs } = statSync(target)
  return sources.some((source) => statSync(source).mtimeMs > mtimeMs)
}

const run = (command, parameters) =>
  spawnSync(join('node_modules/.bin', command), parameters, { stdio: 'inherit' }).status === 0

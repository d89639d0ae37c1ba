// The tests drive real programs. This finds those of one suite, or installs the Debian packages of those that are missing.
// `node test/install-browsers.mjs webkit` does so for `npm run test:webkit`, `… python` for the service in Python, and `… image` for what builds the image:
// without those two, their tests are skipped and say so.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import table from './support/programs.json' with { type: 'json' }

const suite = process.argv[2] ?? 'default'
const programs = table[suite] ?? fail(`There is no suite "${suite}", only: ${Object.keys(table).join(', ')}`)
const missing = programs.filter((program) => !find(program))
if (missing.length > 0) install(missing)

function find({ variable, commands, paths, probe }) {
  const chosen = process.env[variable]
  if (chosen) {
    if (!isExecutable(chosen)) fail(`${variable} names no executable file: ${chosen}`)
    return chosen
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = commands.flatMap((command) => folders.map((folder) => join(folder, command)))
  const works = (path) => isExecutable(path) && (!probe || succeeds(path, probe))
  return [...candidates, ...paths].find(works)
}

function install(programs) {
  const names = programs.map((program) => program.name).join(' and ')
  const packages = programs.map((program) => program.debianPackage)
  const typed = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (!existsSync('/etc/debian_version')) {
    const variables = programs.map((program) => program.variable).join(' and ')
    fail(`The tests need ${names}: install it, or put its path into ${variables}`)
  }

  const isRoot = process.getuid?.() === 0
  if (!isRoot && !succeeds('sudo', ['-n', 'true'])) {
    fail(`The tests need ${names}. Type: sudo sh -c '${typed}'`)
  }

  console.log(
    `The tests drive ${names}, which is not here: installing Debian's ${packages.join(' ')} with apt-get`,
  )
  const environment = 'DEBIAN_FRONTEND=noninteractive'
  const [command, ...prefix] = isRoot ? ['env', environment] : ['sudo', '-n', 'env', environment]
  const isInstalled = succeeds(command, [...prefix, 'sh', '-c', typed], ['ignore', 'ignore', 'inherit'])
  const absent = programs.filter((program) => !find(program))
  if (!isInstalled || absent.length > 0) fail(`That failed. Type: sudo sh -c '${typed}'`)
}

function succeeds(command, parameters, stdio = 'ignore') {
  return spawnSync(command, parameters, { stdio }).status === 0
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function fail(message) {
  console.error(message)
  process.exit(suite === 'python' || suite === 'image' ? 0 : 1)
}

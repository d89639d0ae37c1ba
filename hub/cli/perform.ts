/** Finds the command that the user typed, and runs it. */
import { readFileSync } from 'node:fs'

import { closest } from '../../sdk/settings/refuse-unknown.js'
import { helpOf, UsageError } from './command.js'
import { commands } from './commands.js'
import { painter } from './terminal.js'

const names = Object.keys(commands)

const HELP = `Usage: session-hub <command> [options]

Commands:
${names.map((name) => `  ${name.padEnd(17)} ${commands[name]?.summary ?? ''}`).join('\n')}

Options:
  -h, --help     show this text, or the help of a command
  -v, --version  show the version

Exit codes: 0 success, 1 failure, 2 wrong usage. One line on stderr says why. The doctor has its own codes.
`

/** @throws UsageError, SessionHubError, and unforeseen errors */
export async function perform(args: readonly string[]): Promise<void> {
  const [first] = args
  if (first === undefined) throw new UsageError(`which command? Known are ${names.join(', ')}`)
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version()}\n`)
    return
  }
  const isHelp = first === 'help' || args.includes('--help') || args.includes('-h')
  const words = wordsOf(first === 'help' ? args.slice(1) : args)
  const name = nameOf(words)
  const command = name === undefined ? undefined : await commands[name]?.load()
  if (isHelp) {
    process.stdout.write(helpOf(command?.help ?? HELP, painter(process.stdout)))
    return
  }
  if (name === undefined || !command) throw new UsageError(unknown(first, words))
  await command.run(args.slice(name.split(' ').length), name)
}

/** The leading words, before the first option. */
function wordsOf(args: readonly string[]): readonly string[] {
  const option = args.findIndex((argument) => argument.startsWith('-'))
  return option < 0 ? args : args.slice(0, option)
}

/** A command of two words comes before one of a single word: `keys rotat` is a slip, not `keys` with an argument. */
function nameOf([group = '', act]: readonly string[]): string | undefined {
  const isGroup = names.some((name) => name.startsWith(`${group} `))
  const name = isGroup && act !== undefined ? `${group} ${act}` : group
  return names.includes(name) ? name : undefined
}

function unknown(first: string, [group, act]: readonly string[]): string {
  if (group === undefined) return `the command comes first, before "${first}"`
  const isGroup = act !== undefined && names.some((name) => name.startsWith(`${group} `))
  const meant = (act && closest(`${group} ${act}`, names)) ?? closest(group, names)
  const given = isGroup ? `${group} ${act}` : group
  return `unknown command "${given}"; ${meant ? `did you mean "${meant}"?` : `known are ${names.join(', ')}`}`
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}

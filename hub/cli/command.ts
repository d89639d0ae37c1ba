/** What a command is, how its arguments are read, and how its help is shown. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

import { closest } from '../../sdk/settings/refuse-unknown.js'
import type { Paint } from './terminal.js'

export interface Command {
  readonly help: string
  /** @param name the command as the user typed it, for messages */
  run(args: readonly string[], name: string): Promise<void>
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The command whose help the message suggests, followed by a space, or nothing. */
  readonly command: string

  constructor(message: string, command?: string) {
    super(message)
    this.command = command === undefined ? '' : `${command} `
  }
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>
type Parsed<Options extends OptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true; strict: true }>
>

/**
 * @param operands names the arguments without a flag, such as `<origin>`. Each is required; `<ref>...` stands for any number
 * @throws UsageError
 */
export function readArguments<Options extends OptionsConfig>(
  command: string,
  given: readonly string[],
  options: Options,
  operands: readonly string[] = [],
): Parsed<Options> {
  const args = [...given]
  refuseUnknownFlags(command, args, options)
  let parsed
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (thrown) {
    const [message = ''] = (thrown as Error).message.split('\n')
    throw new UsageError(message, command)
  }
  const { length } = parsed.positionals
  if (operands.some((operand) => operand.endsWith('...'))) return parsed
  const missing = operands[length]
  if (missing !== undefined) throw new UsageError(`"${command}" needs ${missing}`, command)
  const extra = parsed.positionals[operands.length]
  if (extra !== undefined)
    throw new UsageError(`"${command}" does not know what to do with "${extra}"`, command)
  return parsed
}

/** Runs before Node's own check, which suggests nothing. */
function refuseUnknownFlags(command: string, args: string[], options: OptionsConfig): void {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue
    const meant = closest(token.name, Object.keys(options))
    const advice = meant ? `did you mean "--${meant}"?` : `known are ${flagsOf(options)}`
    throw new UsageError(`unknown option "${token.rawName}" of "${command}"; ${advice}`, command)
  }
}

const flagsOf = (options: OptionsConfig) =>
  ['help', ...Object.keys(options)].map((name) => `--${name}`).join(', ')

/** Headings in bold, if the terminal can show that. */
export const helpOf = (text: string, paint: Paint): string =>
  text.replace(/^[A-Z][a-z ]*:/gm, (heading) => paint('bold', heading))

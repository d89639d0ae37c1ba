/** `session-hub keys`. */
import { resolve } from 'node:path'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { generateHubKeys } from '../keys/generate.js'
import { type Command, readArguments, UsageError } from './command.js'
import { shown, writePrivate } from './files.js'
import { hint } from './terminal.js'

export const makeKeys: Command = {
  help: `Usage: session-hub keys [--out <file>] [--force]

Creates the hub's secret. Whoever has it can read what the hub has encrypted for itself: keep it out of version
control, backups and logs.

Options:
  --out <file>  write the keys to this file, readable by its owner only (mode 0600); default: stdout
  --force       replace an existing file: the hub then no longer recognises what browsers and sites hold

Example:
  session-hub keys --out hub-keys.json
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { out: { type: 'string' }, force: { type: 'boolean' } })
    if (values.out === undefined) {
      if (values.force) throw new UsageError('"--force" needs "--out <file>"', name)
      process.stdout.write(pretty(generateHubKeys()))
      hint('These keys are secret. "--out <file>" writes them to a file that only its owner can read.')
      return
    }
    const path = resolve(values.out)
    await writePrivate(path, async (before) => {
      if (before !== undefined && !values.force) {
        throw wrong(shown(path), 'exists already; "--force" replaces it')
      }
      return pretty(generateHubKeys())
    })
    hint(`${shown(path)} holds the keys now. Name it as "keys" in the configuration of "session-hub serve".`)
  },
}

const pretty = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`

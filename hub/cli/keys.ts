/** `session-hub keys` and `session-hub keys rotate`. */
import { resolve } from 'node:path'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { generateHubKeys, rotateHubKeys } from '../keys/generate.js'
import type { HubKeys } from '../keys/keyring.js'
import { type Command, readArguments, UsageError } from './command.js'
import { parseFile, shown, writePrivate } from './files.js'
import { checkedKeys } from './key-file.js'
import { hint } from './terminal.js'

export const makeKeys: Command = {
  summary: "make the hub's keys",
  help: `Usage: session-hub keys [--out <file>] [--force]

Makes the hub's signing key and its secret. Whoever has them can speak for the hub: keep them out of
version control, backups and logs.

Options:
  --out <file>  write them there, readable by its owner only (mode 0600); without it they go to stdout
  --force       replace the file when it exists: tickets under way are then refused, which "keys rotate" avoids

Example:
  session-hub keys --out hub-keys.json
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { out: { type: 'string' }, force: { type: 'boolean' } })
    if (values.out === undefined) {
      if (values.force) throw new UsageError('"--force" needs "--out <file>"', name)
      process.stdout.write(pretty(await generateHubKeys()))
      hint('These keys are secret. With "--out <file>" they go into a file that only its owner can read.')
      return
    }
    const path = resolve(values.out)
    await writePrivate(path, async (before) => {
      if (before !== undefined && !values.force) {
        throw wrong(shown(path), 'exists already; "keys rotate" adds a key to it, "--force" replaces it')
      }
      return pretty(await generateHubKeys())
    })
    hint(`${shown(path)} holds the keys now. Name it as "keys" in the configuration of "session-hub serve".`)
  },
}

export const rotateKeys: Command = {
  summary: 'add a signing key and retire the ones before it',
  help: `Usage: session-hub keys rotate --file <file>

Adds a signing key to the hub's keys. It is published at once and signs a quarter of an hour later, when
every site has seen it; the keys before it retire once their last ticket has expired. The secret stays.

A running "session-hub serve" reads the file again on SIGHUP; a hub of your own takes it by hub.setKeys().

Options:
  --file <file>  the file that "session-hub keys --out" wrote; rewritten in one step

Example:
  session-hub keys rotate --file hub-keys.json
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { file: { type: 'string' } })
    if (values.file === undefined) throw new UsageError(`"${name}" needs "--file <file>"`, name)
    const path = resolve(values.file)
    let rotated: HubKeys | undefined
    await writePrivate(path, async (before) => {
      if (before === undefined) throw wrong(shown(path), 'does not exist; "session-hub keys --out" makes it')
      const { keys } = await checkedKeys(parseFile(before, shown(path)), shown(path))
      rotated = await rotateHubKeys(keys, Date.now())
      return pretty(rotated)
    })
    const added = rotated?.signing.at(-1)
    if (!added) return
    const signsFrom = new Date((added.signsFrom ?? 0) * 1000).toISOString()
    process.stdout.write(`${shown(path)}: the new key "${added.kid}" signs from ${signsFrom}\n`)
    hint('A running hub reads it on SIGHUP; send that now, so that sites see the key before it signs.')
  },
}

const pretty = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`

/** `session-hub sdk`. */
import { originFault } from '../../sdk/protocol/origins.js'
import { readSdk } from '../../sdk/http/sdk-asset.js'
import { type Command, readArguments, UsageError } from './command.js'
import { hint } from './terminal.js'

export const printScriptTag: Command = {
  help: `Usage: session-hub sdk --hub <origin>

Prints the script tag of this version's browser SDK with its integrity value (Subresource Integrity): the
browser then runs exactly these bytes or none. The name in it changes with every version; a hub serves the
name of its own version only, so print the tag again with each update of the hub.

Options:
  --hub <origin>  the hub's origin, such as https://hub.example

Example:
  session-hub sdk --hub https://hub.example
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { hub: { type: 'string' } })
    if (values.hub === undefined) throw new UsageError(`"${name}" needs "--hub <origin>"`, name)
    const fault = originFault(values.hub)
    if (fault) throw new UsageError(`--hub: ${fault}`, name)
    const { versionedPath, integrity } = readSdk()
    const src = `${values.hub}${versionedPath}`
    process.stdout.write(
      `<script async src="${src}" integrity="${integrity}" crossorigin="anonymous"></script>\n`,
    )
    hint('Print it again after each update of the hub: the name and the value change with every version.')
  },
}

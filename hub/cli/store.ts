/** `session-hub store restored`. */
import { administer } from './administration.js'
import { type Command, readArguments } from './command.js'

export const storeRestored: Command = {
  summary: 'after a restore by other tools: let every site ask anew',
  help: `Usage: session-hub store restored --config <file>

Run it once after the store came back from a backup by other tools than
"session-hub store restore", which does it itself, or after a failover that may have lost something. The
numbers of endings run again then, and a site that goes on from its own number would miss sign-outs. This
begins a new epoch: each site that was connected before asks the hub anew about every session. Best before
the hub starts; one that runs lets go of its sites within seconds, and they come again.

Options:
  --config <file>  the configuration of "session-hub serve"

Example:
  session-hub store restored --config hub.json
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { config: { type: 'string' } })
    await administer(name, values.config, async ({ at }) => {
      const epoch = await at.hub.store.renewEpoch()
      process.stdout.write(`The store has a new epoch, ${epoch}: every site asks the hub anew.\n`)
    })
  },
}

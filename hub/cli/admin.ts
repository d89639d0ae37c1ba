/** `session-hub admin token`. */
import { isName, readPermissions } from '../admin/options.js'
import { generateAdminToken } from '../admin/tokens.js'
import { permissions } from '../flows/permissions.js'
import { type Command, readArguments, UsageError } from './command.js'

export const makeAdminToken: Command = {
  help: `Usage: session-hub admin token --name <name> --permissions <list> [--json]

Creates a token for the hub's /admin and its /admin/api. Prints two things: the token, for the administrator
alone, and the entry for "admin": { "tokens": [...] } in the hub's configuration, which is not secret.

Options:
  --name <name>         who it is for; the audit shows it
  --permissions <list>  some of ${permissions.join(', ')}, with commas between:
                          read        see sessions, and the audit
                          logout      end the sessions of those whom "isAdmin" does not name
                          logout-all  end anybody's
                          sites       add, change and remove sites in the store
  --json                print { "token", "registration" } as JSON

Example:
  session-hub admin token --name ada --permissions read,logout
`,
  run(args, name) {
    const { values } = readArguments(name, args, {
      name: { type: 'string' },
      permissions: { type: 'string' },
      json: { type: 'boolean' },
    })
    if (!isName(values.name)) throw new UsageError(`"${name}" needs "--name <name>"`, name)
    if (values.permissions === undefined) throw new UsageError(`"${name}" needs "--permissions <list>"`, name)
    const made = generateAdminToken({
      name: values.name,
      permissions: permissionsIn(values.permissions, name),
    })
    process.stdout.write(
      values.json
        ? `${JSON.stringify(made, undefined, 2)}\n`
        : `# The token (secret; it is not kept anywhere)
${made.token}

# One of the hub's "admin": { "tokens": [...] }
${JSON.stringify(made.registration, undefined, 2)}
`,
    )
    return Promise.resolve()
  },
}

function permissionsIn(list: string, name: string) {
  try {
    return readPermissions(
      name,
      list.split(',').map((one) => one.trim()),
    )
  } catch (thrown) {
    throw new UsageError((thrown as Error).message, name)
  }
}

/** `session-hub audit`. */
import { PAGE, readAuditSearch } from '../admin/query.js'
import { auditJson } from '../admin/views.js'
import { readAudit } from '../flows/administer.js'
import type { NumberedAuditRow } from '../stores/store.js'
import { administer, allPages } from './administration.js'
import { type Command, readArguments } from './command.js'
import { moment, tableOf } from './table.js'

export const showAudit: Command = {
  help: `Usage: session-hub audit --config <file> [--subject <subject>] [--all] [--json]

Shows what administrators have done, newest first: when, who, what, whose sessions, how many, from where, the
outcome, and the reason if one was given. The audit is kept for a year, or for "admin": { "auditSeconds" }.

Options:
  --config <file>      the configuration of "session-hub serve"
  --subject <subject>  only rows about this user's sessions
  --all                all rows, not only the newest ${PAGE}
  --json               as JSON
`,
  async run(args, name) {
    const { values } = readArguments(name, args, {
      config: { type: 'string' },
      subject: { type: 'string' },
      all: { type: 'boolean' },
      json: { type: 'boolean' },
    })
    await administer(name, values.config, async ({ at, by }) => {
      const { subject } = values
      const search = readAuditSearch(new URLSearchParams(subject === undefined ? {} : { subject }))
      const rows = await allPages(values.all, (last: NumberedAuditRow | undefined) =>
        readAudit(at, by, { ...search, ...(last && { beforeSeq: last.seq }), limit: PAGE }),
      )
      process.stdout.write(
        values.json ? `${JSON.stringify(rows.map(auditJson), undefined, 2)}\n` : forPeople(rows),
      )
    })
  },
}

const forPeople = (rows: readonly NumberedAuditRow[]): string =>
  rows.length === 0
    ? 'The audit has no such entry.\n'
    : tableOf(
        ['when', 'who', 'what', 'whose', 'site', 'sessions', 'from', 'outcome', 'why', 'until'],
        rows.map(({ atMs, who, act, subject, site, sessions, from, outcome, reason = '', untilMs }) => [
          moment(atMs),
          who,
          act,
          subject ?? '',
          site ?? '',
          String(sessions),
          from,
          outcome,
          reason,
          untilMs === undefined ? '' : moment(untilMs),
        ]),
      )

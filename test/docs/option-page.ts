/**
 * Writes what people read of the options from their rows: the tables of `docs/options.md` and the interfaces of the sources.
 * `npm run docs:options`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'

import { adminRows } from '../../hub/admin/options.js'
import { configRows, hubKeys } from '../../hub/cli/config-rows.js'
import { issuerRows } from '../../hub/company/options.js'
import { hubRows } from '../../hub/option-rows.js'
import { postgresRows } from '../../hub/stores/postgres/options.js'
import { redisRows } from '../../hub/stores/redis/options.js'
import { sqliteRows } from '../../hub/stores/sqlite/options.js'
import { expressSessionRows } from '../../sdk/express-session/options.js'
import type { OptionRow, OptionText } from '../../sdk/settings/option-rows.js'
import { shownDefault, unitOf } from '../../sdk/settings/option-words.js'
import { clientRows } from '../../sdk/browser/option-rows.js'
import { fastifyRows } from '../../sdk/site/fastify-rows.js'
import { appRows, siteRows } from '../../sdk/site/option-rows.js'
import { scriptTagRows } from '../../sdk/site/script-tag-rows.js'
import { testHubRows } from '../../sdk/testing/options.js'
import { verifyRows } from '../../sdk/verify/option-rows.js'
import { root } from '../support/titles.js'

type Row = OptionText & {
  readonly required?: true
  readonly default?: unknown
  readonly check?: Pick<OptionRow['check'], 'type' | 'range'>
}
type Rows = Readonly<Record<string, Row>>

interface Page {
  readonly file: string
  /** The file anew, from its present text. */
  readonly write: (text: string) => string | Promise<string>
}

export const optionPages: readonly Page[] = [
  {
    file: 'docs/options.md',
    write: (text) =>
      [
        { heading: '## `createHub(options)`', table: tableOf('option', hubRows) },
        { heading: '## `createSite(options)`', table: tableOf('option', siteRows) },
        { heading: '### An application with several origins', table: tableOf('option', appRows) },
        { heading: '### `site.scriptTag(req, options)`', table: tableOf('option', scriptTagRows) },
        { heading: '## `createClient(options)`', table: clientTable() },
        { heading: '## `session-hub serve', table: configTable() },
      ].reduce(withTable, text),
  },
  { file: 'hub/options.ts', write: (text) => withInterfaces(text, { HubOptions: hubRows }) },
  {
    file: 'sdk/site/options.ts',
    write: (text) => withInterfaces(text, { SiteOptions: siteRows, AppOptions: appRows }),
  },
  {
    file: 'sdk/site/script-tag.ts',
    write: (text) => withInterfaces(text, { ScriptTagOptions: scriptTagRows }),
  },
  { file: 'sdk/browser/options.ts', write: (text) => withInterfaces(text, { ClientOptions: clientRows }) },
  { file: 'sdk/site/fastify.ts', write: (text) => withInterfaces(text, { FastifySiteOptions: fastifyRows }) },
  { file: 'hub/admin/options.ts', write: (text) => withInterfaces(text, { AdminOptions: adminRows }) },
  {
    file: 'docs/admin.md',
    write: (text) => withTable(text, { heading: '## Permissions', table: tableOf('option', adminRows) }),
  },
  { file: 'hub/company/options.ts', write: (text) => withInterfaces(text, { CompanyIssuer: issuerRows }) },
  {
    file: 'docs/company-sign-out.md',
    write: (text) =>
      withTable(text, { heading: '## Options of an issuer', table: shortTable('option', issuerRows) }),
  },
  {
    file: 'hub/stores/sqlite/options.ts',
    write: (text) => withInterfaces(text, { SqliteOptions: sqliteRows }),
  },
  {
    file: 'hub/stores/postgres/options.ts',
    write: (text) => withInterfaces(text, { PostgresOptions: postgresRows }),
  },
  { file: 'hub/stores/redis/options.ts', write: (text) => withInterfaces(text, { RedisOptions: redisRows }) },
  {
    file: 'docs/stores.md',
    write: (text) =>
      [
        { heading: '## SQLite', table: tableOf('option', sqliteRows) },
        { heading: '## PostgreSQL', table: tableOf('option', postgresRows) },
      ].reduce(withTable, text),
  },
  {
    file: 'docs/redis.md',
    write: (text) => withTable(text, { heading: '# ', table: tableOf('option', redisRows) }),
  },
  {
    file: 'sdk/express-session/options.ts',
    write: (text) => withInterfaces(text, { ExpressSessionOptions: expressSessionRows }),
  },
  {
    file: 'docs/express-session.md',
    write: (text) =>
      withTable(text, {
        heading: '## The hub replaces it',
        table: shortTable('option of `expressSession(site, options)`', expressSessionRows),
      }),
  },
  { file: 'sdk/verify/verify.ts', write: (text) => withInterfaces(text, { VerifyOptions: verifyRows }) },
  {
    file: 'docs/verify.md',
    write: (text) => withTable(text, { heading: '## The service', table: shortTable('option', verifyRows) }),
  },
  { file: 'sdk/testing/options.ts', write: (text) => withInterfaces(text, { TestHubOptions: testHubRows }) },
  {
    file: 'docs/testing.md',
    write: (text) => withTable(text, { heading: '## The hub', table: shortTable('option', testHubRows) }),
  },
  {
    file: 'docs/frameworks/fastify.md',
    write: (text) => withTable(text, { heading: '# ', table: shortTable('option', fastifyRows) }),
  },
]

// The reference

function tableOf(head: string, rows: Rows): string {
  return [
    `| ${head} | meaning | unit | default |`,
    '|---|---|---|---|',
    ...Object.entries(rows).map(([name, row]) => lineOf(`\`${name}\``, row)),
  ].join('\n')
}

/** Where no option has a unit. */
const shortTable = (head: string, rows: Rows) =>
  [
    `| ${head} | meaning | default |`,
    '|---|---|---|',
    ...Object.entries(rows).map(([name, row]) =>
      `| \`${name}\` | ${meaningOf(row)} | ${defaultOf(row)} |`.replace(/ {2,}(?=\|$)/, ' '),
    ),
  ].join('\n')

/** With the attributes of the script tag. */
const clientTable = () =>
  [
    '| option | attribute | meaning | unit | default |',
    '|---|---|---|---|---|',
    ...Object.entries(clientRows).map(([name, row]) =>
      lineOf(`\`${name}\` | ${row.attribute ?? `\`data-${name}\``}`, row),
    ),
  ].join('\n')

const defaultOf = (row: Row) => (row.required ? (row.shown ?? 'required') : shownDefault(row))

const lineOf = (names: string, row: Row) =>
  `| ${names} | ${meaningOf(row)} | ${unitOf(row)} | ${defaultOf(row)} |`.replace(/\| {2,}(?=\|)/g, '| ')

const meaningOf = ({ text, more }: Row) => (more === undefined ? text : `${text}. ${more}`).replace(/\.$/, '')

/** The command's keys; what `createHub` explains is only named. */
function configTable(): string {
  const own = Object.fromEntries(Object.entries(configRows).filter(([name]) => !hubKeys.includes(name)))
  const named = (isCode: boolean) =>
    hubKeys
      .filter((name) => (configRows[name]?.code === 'only') === isCode)
      .map((name) => `\`${name}\``)
      .join(', ')
  return [
    tableOf('key', own),
    lineOf(named(false), { text: 'as in `createHub`; functions only in `.mjs`', shown: 'as there' }),
    lineOf(named(true), {
      text: 'as in `createHub`; code, so only in `.mjs`',
      shown: 'as there; `log` writes to stdout',
    }),
  ].join('\n')
}

/** Replaces the first table of options below a heading. */
function withTable(page: string, { heading, table }: { heading: string; table: string }): string {
  const section = `\n${page}`.indexOf(`\n${heading}`)
  const [head] = table.split('\n')
  const start = page.indexOf(`\n${head}\n`, section) + 1
  if (section < 0 || start === 0) throw new Error(`There is no table of options below "${heading}"`)
  const [old = ''] = /^(?:\|.*\n)+/.exec(page.slice(start)) ?? []
  return `${page.slice(0, start)}${table}\n${page.slice(start + old.length)}`
}

// The types

async function withInterfaces(source: string, interfaces: Readonly<Record<string, Rows>>): Promise<string> {
  const options = await resolveConfig(join(root, 'hub/options.ts'))
  const written = Object.entries(interfaces).reduce(withInterface, source)
  return format(written, { ...options, parser: 'typescript' })
}

function withInterface(source: string, [name, rows]: readonly [name: string, rows: Rows]): string {
  const [, start = ''] = new RegExp(`(export interface ${name}\\b[^{]*\\{\\n)`).exec(source) ?? []
  const from = source.indexOf(start) + start.length
  const to = source.indexOf('\n}\n', from)
  if (start === '' || to < 0) throw new Error(`There is no interface ${name}`)
  const members = Object.entries(rows).map(([option, row]) => memberOf(option, row))
  return `${source.slice(0, from)}${members.join('\n')}${source.slice(to)}`
}

function memberOf(name: string, row: Row): string {
  const initial = plainLinks(shownDefault(row)).replaceAll('`', '')
  const unit = unitOf(row)
  const lines = [
    ...wrapped(`${capital(plainLinks(meaningOf(row)))}.`),
    ...(unit === '' ? [] : ['', row.unit === undefined ? `From ${unit}.` : `Unit: ${unit}.`]),
    ...(initial === '' || row.required ? [] : ['', `@default ${initial}`]),
  ]
  const comment =
    lines.length === 1
      ? `/** ${lines[0]} */`
      : `/**\n${lines.map((line) => `   *${line && ` ${line}`}`).join('\n')}\n   */`
  return `  ${comment}\n  readonly ${name}${row.required ? '' : '?'}: ${row.check!.type}`
}

const capital = (text: string) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase())

/** A link of `docs/` as text that an editor shows anywhere. */
const plainLinks = (markdown: string) =>
  markdown.replace(/\[([^\]]+)\]\(([^)#]+)[^)]*\)/g, (_, text: string, page: string) =>
    text.startsWith('docs/') ? text : `${text} (docs/${page})`,
  )

/** Lines of a comment; code stays whole. */
function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const last = lines.at(-1)!
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + word.length < 130) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

if (process.argv[1]?.endsWith('option-page.js')) {
  for (const { file, write } of optionPages) {
    const path = join(root, file)
    writeFileSync(path, await write(readFileSync(path, 'utf8')))
  }
}

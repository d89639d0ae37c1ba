/** Every command, in the order of the list. Each is loaded only when it is used, so no command waits for what another needs. */
import type { Command } from './command.js'

interface Listed {
  /** The command's line in the list of commands. */
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const commands: Readonly<Record<string, Listed>> = {
  keys: {
    summary: "create the hub's keys",
    load: async () => (await import('./keys.js')).makeKeys,
  },
  'sites add': {
    summary: "create a site's keys and its registration",
    load: async () => (await import('./sites.js')).addSite,
  },
  'sites list': {
    summary: 'show the registered sites',
    load: async () => (await import('./sites.js')).listSites,
  },
  'sites change': {
    summary: 'change a site in the store',
    load: async () => (await import('./stored-sites.js')).changeSite,
  },
  'sites disable': {
    summary: 'turn a site in the store off',
    load: async () => (await import('./stored-sites.js')).disableSite,
  },
  'sites enable': {
    summary: 'turn a site in the store on',
    load: async () => (await import('./stored-sites.js')).enableSite,
  },
  'sites prove': {
    summary: 'check who owns the domain of a site',
    load: async () => (await import('./stored-sites.js')).proveSite,
  },
  'sites remove': {
    summary: 'remove a site from the store',
    load: async () => (await import('./stored-sites.js')).removeSite,
  },
  'sites rotate-keys': {
    summary: 'give a site in the store new keys',
    load: async () => (await import('./stored-sites.js')).rotateKeys,
  },
  sdk: {
    summary: 'print the script tag with its integrity value',
    load: async () => (await import('./sdk.js')).printScriptTag,
  },
  serve: {
    summary: 'run the hub',
    load: async () => (await import('./serve.js')).serve,
  },
  doctor: {
    summary: 'find out why two sites are not in sync',
    load: async () => (await import('./doctor.js')).examineSites,
  },
  'sessions list': {
    summary: 'show live sessions',
    load: async () => (await import('./sessions.js')).listSessions,
  },
  'sessions end': {
    summary: 'end sessions on every site',
    load: async () => (await import('./sessions.js')).endSessions,
  },
  'sessions erase': {
    summary: 'erase a user and everything that the hub keeps about them',
    load: async () => (await import('./sessions.js')).eraseSessions,
  },
  'admin token': {
    summary: 'create a token for an administrator',
    load: async () => (await import('./admin.js')).makeAdminToken,
  },
  audit: {
    summary: 'show what administrators have done',
    load: async () => (await import('./audit.js')).showAudit,
  },
  'store backup': {
    summary: 'copy the sessions to a file, while the hub runs',
    load: async () => (await import('./backups.js')).storeBackup,
  },
  'store restore': {
    summary: 'replace the sessions with a backup',
    load: async () => (await import('./backups.js')).storeRestore,
  },
  'store restored': {
    summary: 'after a restore by other tools: make every site ask the hub again',
    load: async () => (await import('./store.js')).storeRestored,
  },
  'store copy': {
    summary: 'move all sessions to another store',
    load: async () => (await import('./copy.js')).storeCopy,
  },
  'store reopen': {
    summary: 'use a store again that was copied to another one',
    load: async () => (await import('./copy.js')).storeReopen,
  },
  'store migrate': {
    summary: 'create PostgreSQL’s schema, or bring it up to date',
    load: async () => (await import('./store.js')).storeMigrate,
  },
  size: {
    summary: 'estimate how many machines your traffic needs',
    load: async () => (await import('./size.js')).estimateSize,
  },
}

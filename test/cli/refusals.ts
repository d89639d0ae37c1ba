/**
 * What the command refuses, asked of the functions that its process calls: a process for each of so many slips takes longer than all that
 * they say. That the process writes it in one line, and ends with its code, is held by those tests that run one.
 */
import { expect } from 'chai'

import { UsageError } from '../../hub/cli/command.js'
import { readConfig } from '../../hub/cli/config.js'
import { perform } from '../../hub/cli/perform.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Folder } from './command.js'

/** The exit code and the line. */
export interface Refusal {
  readonly code: number
  readonly says: string
}

export const refusalOf = (...args: string[]): Promise<Refusal> => refused(perform(args))

/** What `session-hub serve` says to this configuration before it listens; files in the folder are named as they are from there. */
export async function refusalOfConfig(folder: Folder, config: unknown, name = 'hub.json'): Promise<string> {
  folder.write(name, config)
  const { code, says } = await refused(opened(folder.path(name)))
  expect(code).to.equal(1)
  return says.replaceAll(`${folder.path('')}/`, '')
}

async function opened(path: string): Promise<void> {
  const { store } = await readConfig(path, {})
  await (await store.open()).close()
}

async function refused(work: Promise<void>): Promise<Refusal> {
  const thrown: unknown = await work.then(
    () => expect.fail('it was not refused'),
    (fault: unknown) => fault,
  )
  if (!(thrown instanceof UsageError || thrown instanceof SessionHubError)) throw thrown
  expect(thrown.message, 'one line').to.not.include('\n')
  return { code: thrown instanceof UsageError ? 2 : 1, says: thrown.message }
}

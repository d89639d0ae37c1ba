/** What a wrong option has to look like: our own error, one line, and in it what is wrong. */
import { expect } from 'chai'
import { SessionHubError } from 'session-hub/hub'

export async function expectOptionFault(
  start: () => Promise<unknown>,
  words: readonly string[],
): Promise<void> {
  let thrown: unknown
  try {
    await start()
  } catch (error) {
    thrown = error
  }
  expect(thrown, 'it was taken').to.not.equal(undefined)
  expect(thrown).to.be.an('error').with.property('name', 'SessionHubError')
  const { code, message } = thrown as SessionHubError
  expect(code).to.equal('options_invalid')
  expect(message).to.match(/^[^\r\n]{20,400}$/)
  for (const word of words) expect(message).to.include(word)
}

/** What a site knows of its visitor: the answer of `GET /whoami` and of every act. */
import { type JsonObject, SessionHubError, type SiteSession } from 'session-hub/site'

export async function whoami(session: SiteSession) {
  // The data first: asking the hub for them may show that the session has ended.
  const data = await dataOf(session)
  return { subject: session.subject, data, session: session.status }
}

/** A session that has ended elsewhere is no fault: the visitor simply has none any more. */
export async function dataOf(session: SiteSession): Promise<JsonObject> {
  try {
    return await session.data()
  } catch (error) {
    if (error instanceof SessionHubError && error.code === 'session_ended') return {}
    throw error
  }
}

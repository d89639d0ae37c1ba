/** What a site knows about its visitor: the answer of `GET /whoami` and of every act. */
import type { SiteSession } from 'session-hub/site'

export async function whoami(session: SiteSession) {
  // Read the data first: the request to the hub may show that the session has ended.
  const data = await session.data()
  return { subject: session.subject, data, session: session.status }
}

/** What a site knows of its visitor: the answer of `GET /whoami` and of every act. */
import type { SiteSession } from 'session-hub/site'

export async function whoami(session: SiteSession) {
  // The data first: asking the hub for them may show that the session has ended.
  const data = await session.data()
  return { subject: session.subject, data, session: session.status }
}

import { readSession } from '../lib/site.js'
import { Buttons } from './buttons.jsx'

export const metadata = { title: 'Session Hub with Next.js' }

export default async function Page() {
  const session = await readSession()
  const { cart = [] } = await session.data()
  return (
    <>
      <p id="session">{JSON.stringify({ subject: session.subject, cart })}</p>
      <Buttons />
    </>
  )
}

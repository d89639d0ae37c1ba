import { connection } from 'next/server'

import { getSite } from '../lib/site.js'

export default async function Layout({ children }) {
  // At build time there is no site.
  await connection()
  const site = await getSite()
  return (
    <html lang="en">
      <body>
        {children}
        <div dangerouslySetInnerHTML={{ __html: site.scriptTag() }} />
      </body>
    </html>
  )
}

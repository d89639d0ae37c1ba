/** `GET /admin/audit`: shows what administrators did. */
import express, { type Router } from 'express'

import { type Administration, readAudit } from '../flows/administer.js'
import { auditPage } from './audit-page.js'
import type { Guard } from './guard.js'
import { send } from './layout.js'
import { paths } from './paths.js'
import { PAGE, readAuditSearch } from './query.js'
import { looked } from './visits.js'

export function auditPages(at: Administration, guard: Guard): Router {
  const router = express.Router()
  router.get(
    paths.audit,
    looked(at.hub, guard, async ({ by, visit, query }, res) => {
      const search = readAuditSearch(query)
      const found = await readAudit(at, by, { ...search, limit: PAGE })
      const view = { subject: search.subject ?? '', isFirst: search.beforeSeq === undefined }
      send(res, 200, visit, auditPage({ ...view, ...found }))
    }),
  )
  return router
}

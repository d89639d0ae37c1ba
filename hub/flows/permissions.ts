/** Whether an administrator may act on nobody's sessions, on those of ordinary users, or on everyone's. */

export const permissions = [
  /** See sessions and the audit. */
  'read',
  /** End the sessions of users who are not administrators. */
  'logout',
  /** End anybody's sessions. */
  'logout-all',
  /** Add, change and remove sites in the store. */
  'sites',
] as const
export type Permission = (typeof permissions)[number]

/** Someone who may administer sessions. */
export interface Admin {
  /** The name that appears in every audit row. */
  readonly name: string
  readonly permissions: readonly Permission[]
}

export const mayChangeSites = ({ permissions }: Pick<Admin, 'permissions'>): boolean =>
  permissions.includes('sites')

export const mayRead = ({ permissions }: Admin): boolean => permissions.includes('read')

/** Whether the session's owner does not matter. The application need not be asked then: it may be down just when the session has to end. */
export const mayEndAnybodys = ({ permissions }: Admin): boolean => permissions.includes('logout-all')

/** @param isAdmins whether the session is an administrator's */
export const mayEnd = (admin: Admin, isAdmins: boolean): boolean =>
  mayEndAnybodys(admin) || (!isAdmins && admin.permissions.includes('logout'))

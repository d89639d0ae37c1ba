/** What an administrator may do: to nobody, to ordinary users, to everyone. */

export const permissions = [
  /** See sessions and the audit. */
  'read',
  /** End the sessions of those who are no administrators themselves. */
  'logout',
  /** End anybody's. */
  'logout-all',
  /** Add, change and remove sites in the store. */
  'sites',
] as const
export type Permission = (typeof permissions)[number]

/** Somebody who may look after sessions. */
export interface Admin {
  /** Stands in every audit row. */
  readonly name: string
  readonly permissions: readonly Permission[]
}

export const mayChangeSites = ({ permissions }: Pick<Admin, 'permissions'>): boolean =>
  permissions.includes('sites')

export const mayRead = ({ permissions }: Admin): boolean => permissions.includes('read')

/** Whether it does not matter whose session it is: then nobody need be asked, who may be down just when it has to end. */
export const mayEndAnybodys = ({ permissions }: Admin): boolean => permissions.includes('logout-all')

/** @param isAdmins whether the session is an administrator's */
export const mayEnd = (admin: Admin, isAdmins: boolean): boolean =>
  mayEndAnybodys(admin) || (!isAdmins && admin.permissions.includes('logout'))

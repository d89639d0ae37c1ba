/** What an administrator may do: to nobody, to ordinary users, to everyone. */

export const permissions = [
  /** See sessions and the audit. */
  'read',
  /** End the sessions of those who are no administrators themselves. */
  'logout',
  /** End anybody's. */
  'logout-all',
] as const
export type Permission = (typeof permissions)[number]

/** Somebody who may look after sessions. */
export interface Admin {
  /** Stands in every audit row. */
  readonly name: string
  readonly permissions: readonly Permission[]
}

export const mayRead = ({ permissions }: Admin): boolean => permissions.includes('read')

/** @param isAdmins whether the session is an administrator's */
export const mayEnd = ({ permissions }: Admin, isAdmins: boolean): boolean =>
  permissions.includes('logout-all') || (!isAdmins && permissions.includes('logout'))

/** A transaction's writes, as the values that the script `commit` takes, together with what it has to find unchanged. */
import type { Changes, Spend } from '../store.js'
import type { Revs } from './look.js'
import {
  auditValue,
  endingValue,
  handleValue,
  nameOf,
  NOTHING,
  sessionValue,
  spendValue,
  subjectValue,
} from './records.js'

/** @param rev the name of this commit, which stays the same when it is sent again */
export function commitValues(
  rev: string,
  revs: Revs,
  spend: Spend | undefined,
  changes: Changes,
): (string | number)[] {
  const { sessions = [], handles = [], forget = [], subjects = [], endings = [], audit = [], erase } = changes
  return [
    rev,
    ...counted([...revs.handles]),
    ...counted([...revs.sessions]),
    ...counted([...revs.subjects]),
    ...(spend ? spendValue(spend) : [NOTHING, NOTHING, NOTHING]),
    ...(erase ? [nameOf(erase.subject), nameOf(erase.name)] : [NOTHING, NOTHING]),
    ...counted(subjects.map((subject) => subjectValue(subject, rev))),
    ...counted(endings.map(endingValue)),
    ...counted(audit.map(auditValue)),
    ...counted(sessions.map((session) => sessionValue(session, rev))),
    ...counted(handles.map((handle) => handleValue(handle, rev))),
    ...counted(forget.map((hash) => [hash])),
  ]
}

export const counted = (rows: readonly (readonly string[])[]): (string | number)[] => [
  rows.length,
  ...rows.flat(),
]

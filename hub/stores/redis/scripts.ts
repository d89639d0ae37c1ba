/**
 * The scripts that run in the server, each as a whole: nothing else runs meanwhile, and what a script writes reaches the append-only file and
 * a replica all or nothing. No script goes through all keys: each follows one key, or an index, only as far as its caller says.
 *
 * All keys begin with `KEYS[1]`, which has a hash tag, so they are in one slot of a cluster.
 *
 * | key | what it is |
 * |---|---|
 * | `session:<id>`, `handle:<hash>`, `subject:<subject>` | a record: see `records.ts` |
 * | `spend:<issuer and jti>` | a record without a head |
 * | `handles:<id>` | hash: the handles of a session |
 * | `of:<subject>` | sorted set: a subject's sessions by generation; those with an end of their own are below zero |
 * | `began`, `began:<site>` | sorted by name: when a session without an end of its own began, and its id |
 * | `expiry`, `ended`, `notes`, `acting`, `spends`, `subjects` | sorted sets: when each is to be swept |
 * | `acting:<subject>` | set: the handles whose holders see a site as that user |
 * | `cuts` | set: subjects whose sessions may still have to record their end |
 * | `endings`, `endings:last`, `epoch` | stream, the number of its newest entry ever, and the epoch of the numbers |
 * | `sites`, `sites:last`, `sites:order` | hash of sites by origin, the newest number, and a sorted set of origins by the number of their newest change |
 * | `audit`, `audit:last`, `audit:all`, `audit:of:<subject>`, `audit:times` | hash of rows by number, the newest number, and sorted sets |
 * | `commit:<rev>` | this commit was written: kept for a minute, so that a commit that is sent again takes effect once |
 * | `format` | the version of all this |
 * | `copying` | the note of a copy from or into this whole store: while it is here, nothing else writes |
 */
import { createHash } from 'node:crypto'

/** The format of the keys. A newer hub may raise it; an older hub then refuses to open them. */
export const FORMAT = 1

/** A record's head, which scripts read. It does not tell text from numbers, and `-` stands for nothing. */
const READS = `
local P, call = KEYS[1], redis.call
local at = 0
local function take() at = at + 1 return ARGV[at] end
local function key(kind, name) return P .. kind .. ':' .. name end
local function get(kind, name) return call('GET', key(kind, name)) end
local function head(value)
  local fields = {}
  for field in string.gmatch(string.sub(value, 1, string.find(value, '\\n', 1, true) - 1), '[^\\t]+') do
    fields[#fields + 1] = field
  end
  return fields
end
local function subjectOf(session)
  local subject = head(session)[3]
  return subject ~= '-' and get('subject', subject)
end
local function cutOf(subject) return subject and head(subject)[2] or '-1' end
-- A record that somebody has taken out by hand must not stop a sweep or a search.
local function isLive(session, cut, now)
  if not session then return false end
  local fields = head(session)
  return fields[4] == '-' and tonumber(fields[2]) > tonumber(cut) and tonumber(fields[5]) > tonumber(now)
end
local function held(hash)
  local handle = get('handle', hash)
  local session = handle and get('session', head(handle)[2])
  return session and { handle, session, subjectOf(session) }
end
local function live(subject, cut, now, limit, isNewestFirst)
  local found, offset, size = {}, 0, 200
  while #found < limit do
    local ids
    if isNewestFirst then
      ids = call('ZREVRANGEBYSCORE', key('of', subject), '+inf', '(' .. cut, 'LIMIT', offset, size)
    else
      ids = call('ZRANGEBYSCORE', key('of', subject), '(' .. cut, '+inf', 'LIMIT', offset, size)
    end
    for _, id in ipairs(ids) do
      local session = get('session', id)
      if #found < limit and isLive(session, cut, now) then found[#found + 1] = session end
    end
    if #ids < size then break end
    offset = offset + size
  end
  return found
end
`

/** While a copy is under way, and after it, nothing else writes. */
const UNLESS_COPYING = `
if redis.call('EXISTS', KEYS[1] .. 'copying') == 1 then
  return redis.error_reply('COPYING The session store is being copied, or was')
end
`

/** The code that writes records, with their indexes. */
export const RECORDS: string = `${READS}
local function whole(number) return string.format('%.0f', number) end
local function unlistActing(fields, hash)
  if not fields[4] then return end
  call('ZREM', P .. 'acting', hash)
  call('SREM', key('acting', fields[4]), hash)
end
local function dropHandle(hash)
  local handle = get('handle', hash)
  call('ZREM', P .. 'notes', hash)
  call('ZREM', P .. 'acting', hash)
  if not handle then return end
  unlistActing(head(handle), hash)
  call('DEL', key('handle', hash))
  call('HDEL', key('handles', head(handle)[2]), hash)
end
local function beganAs(fields, id) return fields[6] .. id end
local function unlist(fields, id)
  call('ZREM', P .. 'began', beganAs(fields, id))
  call('ZREM', key('began', fields[7]), beganAs(fields, id))
end
local function dropSession(id)
  local session = get('session', id)
  for _, hash in ipairs(call('HKEYS', key('handles', id))) do dropHandle(hash) end
  call('DEL', key('session', id))
  call('ZREM', P .. 'expiry', id)
  call('ZREM', P .. 'ended', id)
  if not session then return end
  local fields = head(session)
  if fields[3] ~= '-' then call('ZREM', key('of', fields[3]), id) end
  if fields[4] == '-' then unlist(fields, id) end
end
local function putSession(id, session)
  local old, new = get('session', id), head(session)
  local had = old and head(old) or {}
  call('SET', key('session', id), session)
  if had[5] ~= new[5] then call('ZADD', P .. 'expiry', new[5], id) end
  if had[3] and had[3] ~= '-' and had[3] ~= new[3] then call('ZREM', key('of', had[3]), id) end
  if new[3] ~= '-' then
    local generation = tonumber(new[2])
    call('ZADD', key('of', new[3]), whole(new[4] == '-' and generation or -1 - generation), id)
  end
  local wasListed, isListed = had[4] == '-', new[4] == '-'
  local isElsewhere = had[6] ~= new[6] or had[7] ~= new[7]
  if wasListed and (isElsewhere or not isListed) then unlist(had, id) end
  if isListed and (isElsewhere or not wasListed) then
    call('ZADD', P .. 'began', 0, beganAs(new, id))
    call('ZADD', key('began', new[7]), 0, beganAs(new, id))
  end
  if isListed then
    if old and not wasListed then call('ZREM', P .. 'ended', id) end
  else
    call('ZADD', P .. 'ended', new[4], id)
  end
end
local function putHandle(hash, handle)
  local new = head(handle)
  -- A session that was swept meanwhile is no fault of the store: its handle stands for nothing, and is not kept.
  if call('EXISTS', key('session', new[2])) == 0 then return end
  local old = get('handle', hash)
  call('SET', key('handle', hash), handle)
  if old then
    if head(old)[2] ~= new[2] then call('HDEL', key('handles', head(old)[2]), hash) end
    unlistActing(head(old), hash)
  end
  if new[4] then
    call('ZADD', P .. 'acting', new[5], hash)
    call('SADD', key('acting', new[4]), hash)
  end
  call('HSET', key('handles', new[2]), hash, '')
  if new[3] == '-' then
    if old then call('ZREM', P .. 'notes', hash) end
  else
    call('ZADD', P .. 'notes', new[3], hash)
  end
end
local function putSubject(subject, record)
  local old, new = get('subject', subject), head(record)
  call('SET', key('subject', subject), record)
  call('ZADD', P .. 'subjects', new[3], subject)
  if tonumber(new[2]) > -1 and cutOf(old) ~= new[2] then call('SADD', P .. 'cuts', subject) end
end
local function putAudit(seq, atMs, subject, reason, row)
  call('HSET', P .. 'audit', seq, atMs .. '\\t' .. subject .. '\\t' .. reason .. '\\n' .. row)
  if subject ~= '-' then call('ZADD', key('audit:of', subject), seq, seq) end
end
local function addAudit(atMs, subject, reason, row)
  local seq = whole(call('INCR', P .. 'audit:last'))
  putAudit(seq, atMs, subject, reason, row)
  call('ZADD', P .. 'audit:all', seq, seq)
  call('ZADD', P .. 'audit:times', atMs, seq)
end
local function erase(subject, name)
  for _, id in ipairs(call('ZRANGE', key('of', subject), 0, -1)) do dropSession(id) end
  for _, hash in ipairs(call('SMEMBERS', key('acting', subject))) do dropHandle(hash) end
  if name == subject then return end
  for _, seq in ipairs(call('ZRANGE', key('audit:of', subject), 0, -1)) do
    local row = call('HGET', P .. 'audit', seq)
    putAudit(seq, head(row)[1], name, '-', string.sub(row, string.find(row, '\\n', 1, true) + 1))
  end
  call('DEL', key('audit:of', subject))
end
`

const WRITES = `${UNLESS_COPYING}${RECORDS}`

/** Removes what is due in an index, by `drop`. @returns how many */
const sweepOf = (index: string, drop: string) => `${WRITES}
local due = call('ZRANGEBYSCORE', P .. '${index}', '-inf', take(), 'LIMIT', 0, take())
for _, name in ipairs(due) do
  ${drop}
end
return #due`

const TEXTS = {
  open: `${READS}
local format, epoch = take(), take()
if not call('GET', P .. 'format') then call('SET', P .. 'format', format) end
if not call('GET', P .. 'epoch') then call('SET', P .. 'epoch', epoch) end
return { call('GET', P .. 'format'), call('GET', P .. 'copying') }`,

  // This writes, so that the server shows whether it accepts writes.
  touch: `${UNLESS_COPYING}${READS}
call('SET', P .. 'touched', 1, 'PX', 60000)
return 0`,

  find: `${READS}
return held(take())`,

  look: `${READS}
local handles, now = {}, take()
for _ = 1, tonumber(take()) do handles[#handles + 1] = held(take()) end
local session = get('session', take())
local name, sessions, countTo = take(), tonumber(take()), tonumber(take())
local subject = name ~= '-' and get('subject', name)
local listed, counted = {}, 0
if name ~= '-' then
  local found = live(name, cutOf(subject), now, math.max(sessions, countTo))
  counted = math.min(#found, countTo)
  for n = 1, math.min(#found, sessions) do listed[n] = found[n] end
end
return { handles, session and { session, subjectOf(session) }, subject, listed, counted, get('spend', take()) }`,

  // 0: written. 1: something that was read has changed, and nothing is written. 2: already written, but its answer was lost.
  commit: `${WRITES}
local rev = take()
local marker = key('commit', rev)
local isWritten = call('EXISTS', marker) == 1
if not isWritten then
  for _, kind in ipairs({ 'handle', 'session', 'subject' }) do
    for _ = 1, tonumber(take()) do
      local record, wanted = get(kind, take()), take()
      if (record and head(record)[1] or '-') ~= wanted then return 1 end
    end
  end
end
local spend, spendUntil, spent = take(), take(), take()
if not isWritten and spend ~= '-' and call('EXISTS', key('spend', spend)) == 1 then return 1 end

-- First of all, for a server without memory refuses a script's first write, and none behind it. Also where all else is written: a replica
-- that has this has everything before it.
call('SET', marker, 1, 'PX', 60000)
if isWritten then return 2 end

if spend ~= '-' then
  call('SET', key('spend', spend), spent)
  call('ZADD', P .. 'spends', spendUntil, spend)
end
local erased, name = take(), take()
if erased ~= '-' then erase(erased, name) end
for _ = 1, tonumber(take()) do putSubject(take(), take()) end
for _ = 1, tonumber(take()) do
  local atMs, ending = take(), take()
  call('XADD', P .. 'endings', whole(call('INCR', P .. 'endings:last')) .. '-0', atMs, ending)
end
for _ = 1, tonumber(take()) do addAudit(take(), take(), take(), take()) end
for _ = 1, tonumber(take()) do putSession(take(), take()) end
for _ = 1, tonumber(take()) do putHandle(take(), take()) end
for _ = 1, tonumber(take()) do dropHandle(take()) end
return 0`,

  sessions: `${READS}
local found = {}
for _, id in ipairs(ARGV) do
  local session = get('session', id)
  if session then found[#found + 1] = { session, subjectOf(session) } end
end
return found`,

  list: `${READS}
local subject, now, limit = take(), take(), tonumber(take())
return live(subject, cutOf(get('subject', subject)), now, limit, true)`,

  places: `${READS}
local found = {}
for _, id in ipairs(ARGV) do
  for _, hash in ipairs(call('HKEYS', key('handles', id))) do found[#found + 1] = get('handle', hash) or nil end
end
return found`,

  // A page of names, and the live sessions among them. A caller who has too few continues after the last name.
  search: `${READS}
local index, before, from, now, limit, size = take(), take(), take(), take(), tonumber(take()), tonumber(take())
local names = call('ZREVRANGEBYLEX', P .. index, '(' .. before, '[' .. from, 'LIMIT', 0, size)
local found, last = {}, false
for _, name in ipairs(names) do
  if #found == limit then break end
  local session = get('session', string.sub(name, 17))
  if session and isLive(session, cutOf(subjectOf(session)), now) then found[#found + 1] = session end
  last = name
end
return { found, #names == size and last }`,

  // The same for one subject's sessions, by generation.
  searchSubject: `${READS}
local subject, offset, size, now = take(), take(), tonumber(take()), take()
local cut = cutOf(get('subject', subject))
local ids = call('ZRANGEBYSCORE', key('of', subject), '(' .. cut, '+inf', 'LIMIT', offset, size)
local found = {}
for _, id in ipairs(ids) do
  local session = get('session', id)
  if isLive(session, cut, now) then found[#found + 1] = session end
end
return { found, #ids == size }`,

  // All sessions without an end of their own, minus those that have expired and wait for a sweep. One page of the expired ones shows what share of
  // them that is.
  countLive: `${READS}
local now, size = take(), take()
local looked, open = call('ZRANGEBYSCORE', P .. 'expiry', '-inf', now, 'LIMIT', 0, size), 0
for _, id in ipairs(looked) do
  if not call('ZSCORE', P .. 'ended', id) then open = open + 1 end
end
local expired = #looked == 0 and 0 or call('ZCOUNT', P .. 'expiry', '-inf', now) * open / #looked
return call('ZCARD', P .. 'began') - math.floor(expired + 0.5)`,

  audit: `${READS}
local subject, before, limit = take(), take(), take()
local index = subject == '-' and P .. 'audit:all' or key('audit:of', subject)
local found = {}
for _, seq in ipairs(call('ZREVRANGEBYSCORE', index, '(' .. before, '-inf', 'LIMIT', 0, limit)) do
  found[#found + 1] = { seq, call('HGET', P .. 'audit', seq) }
end
return found`,

  isSpent: `${READS}
return call('EXISTS', key('spend', take()))`,

  endings: `${READS}
local found = {}
for n, entry in ipairs(call('XRANGE', P .. 'endings', '(' .. take() .. '-0', '+', 'COUNT', take())) do
  found[n] = { entry[1], entry[2][2] }
end
return found`,

  endingsRange: `${READS}
local first = call('XRANGE', P .. 'endings', '-', '+', 'COUNT', 1)[1]
return { call('GET', P .. 'epoch'), first and first[1] or '0-0', call('GET', P .. 'endings:last') or '0' }`,

  renewEpoch: `${UNLESS_COPYING}${READS}
call('SET', P .. 'epoch', take())
return 0`,

  // The number of a site; `none` if somebody else has changed it since. The first write refuses everything if the server has no memory.
  putSite: `${WRITES}
local origin, sealed, was = take(), take(), take()
local seq = call('ZSCORE', P .. 'sites:order', origin)
call('SET', P .. 'touched', 1, 'PX', 60000)
if seq and call('HGET', P .. 'sites', origin) == sealed then return whole(seq) end
if whole(seq or 0) ~= was then return 'none' end
for _ = 1, tonumber(take()) do addAudit(take(), take(), take(), take()) end
local number = whole(call('INCR', P .. 'sites:last'))
call('HSET', P .. 'sites', origin, sealed)
call('ZADD', P .. 'sites:order', number, origin)
return number`,

  sites: `${READS}
local found = {}
for _, origin in ipairs(call('ZRANGEBYSCORE', P .. 'sites:order', '(' .. take(), '+inf', 'LIMIT', 0, take())) do
  found[#found + 1] = { origin, call('HGET', P .. 'sites', origin), call('ZSCORE', P .. 'sites:order', origin) }
end
return found`,

  sitesRange: `${READS}
return { call('GET', P .. 'epoch'), call('GET', P .. 'sites:last') or '0' }`,

  // Sessions that a cut has ended, each with its subject. The caller writes that end into them. A subject with no such session left is done.
  settle: `${UNLESS_COPYING}${READS}
local limit, found = tonumber(take()), {}
for _, subject in ipairs(call('SRANDMEMBER', P .. 'cuts', limit)) do
  local record = get('subject', subject)
  local ids = record and call('ZRANGEBYSCORE', key('of', subject), 0, cutOf(record), 'LIMIT', 0, limit - #found) or {}
  for _, id in ipairs(ids) do
    local session = get('session', id)
    if session then found[#found + 1] = { session, record } else call('ZREM', key('of', subject), id) end
  end
  if #ids == 0 and #found < limit then call('SREM', P .. 'cuts', subject) end
end
return found`,

  sweepSessions: sweepOf('expiry', 'dropSession(name)'),
  sweepEnded: sweepOf('ended', 'dropSession(name)'),
  sweepNotes: sweepOf('notes', 'dropHandle(name)'),
  sweepActing: sweepOf('acting', 'dropHandle(name)'),
  sweepSpends: sweepOf('spends', `call('DEL', key('spend', name)) call('ZREM', P .. 'spends', name)`),
  sweepSubjects: sweepOf(
    'subjects',
    `call('DEL', key('subject', name)) call('ZREM', P .. 'subjects', name) call('SREM', P .. 'cuts', name)`,
  ),
  sweepEndings: `${UNLESS_COPYING}${READS}
local before, limit, gone = tonumber(take()), take(), 0
for _, entry in ipairs(call('XRANGE', P .. 'endings', '-', '+', 'COUNT', limit)) do
  if tonumber(entry[2][1]) < before then gone = gone + call('XDEL', P .. 'endings', entry[1]) end
end
return gone`,
  sweepAudit: sweepOf(
    'audit:times',
    `local row = call('HGET', P .. 'audit', name)
  local subject = row and head(row)[2] or '-'
  call('HDEL', P .. 'audit', name)
  call('ZREM', P .. 'audit:all', name)
  call('ZREM', P .. 'audit:times', name)
  if subject ~= '-' then call('ZREM', key('audit:of', subject), name) end`,
  ),
} satisfies Record<string, string>

export type ScriptName = keyof typeof TEXTS

export const scriptTexts: readonly string[] = Object.values(TEXTS)

const digests = Object.fromEntries(
  Object.entries(TEXTS).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
)

/** The command that runs a script, on a connection that has loaded it. */
export const scriptCommand = (prefix: string, name: ScriptName, values: readonly (string | number)[]) => [
  'EVALSHA',
  digests[name] ?? '',
  '1',
  prefix,
  ...values.map(String),
]

/** The Lua scripts that claim deliveries. The two rules at the head of scripts.ts hold here too. */
import { APART, FRAME } from './scripts.ts';
import { CHANGED, COUNT } from './standing-scripts.ts';
import { TURNS } from './turn-scripts.ts';

/**
 * Most deliveries that a claim sets aside behind others of their sequence, before it leaves the rest to the next claim:
 * each is decoded and takes about 20 us, so a claim stalls Redis for some 5 ms at most (bodies of 1 KB).
 */
export const ASIDE_MOST = 256;

/**
 * A record of so many bytes lies apart while it is claimed: in a list of its own, whose name is the hash's and the token, and to
 * which it is moved by a SORT that sorts nothing. Lua reads it, but need not write it: one of 2 MB takes Redis 3 ms, not 4 (by a
 * script), and is logged once, not twice; for small ones the list would cost more. SORT does that since Redis 7.
 */
export const LARGE_BYTES = 65_536;

/** Most deliveries that a claim parks as it passes them: each takes 3.5 us (bodies of 1 KB), so these stall Redis for 4 ms. */
const PASSED_MOST = 1_024;

/**
 * What the scripts that claim share: they take from a list into the lease's in-flight hash. Needs FRAME, and as locals
 * the keys list, inFlight (hash), heartbeat and version (of the standings).
 * ARGV 1 most deliveries, 2 most bytes (about), 3 token base, 4 number that the first token adds to it, in six digits
 * They return false when the lease has lapsed, else the version and the records.
 */
export const CLAIMING = `
if redis.call('EXISTS', heartbeat) == 0 then return false end
local fault = unfit(list)
if fault then return fault end
local want, room, base, firstNumber = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
-- What is kept and its number, what was set aside, what was parked in passing, and the bytes of all.
local records, kept, aside, passed, bytes = {}, 0, 0, 0, 0
local format = string.format
local function token(number)
  return format('%s%06d', base, (firstNumber + number) % 1000000)
end
-- How many to look at next: one at first, then as many as the mean size says will fit, which a few do not tell of many.
local function step(limit)
  local left = math.min(limit - kept, want - kept, ${ASIDE_MOST} - aside, ${PASSED_MOST} - passed)
  local seen = kept + aside + passed
  if seen == 0 then return math.min(left, 1) end
  if bytes >= room then return 0 end
  return math.min(left, 250, 8 * seen, math.max(1, math.floor((room - bytes) * seen / math.max(bytes, 1))))
end
local function keep(record)
  kept = kept + 1
  records[kept] = record
  bytes = bytes + #record
end
-- What is kept and lies apart, by number.
local apart = {}
local function apartList(number)
  return inFlight .. ':' .. token(number - 1)
end
-- Keeps the next of the list as it lies there; false where Redis cannot or will not.
local function keepApart(record)
  local number = kept + 1
  local moved = redis.pcall('SORT', list, 'BY', 'nosort', 'DESC', 'LIMIT', 0, 1, 'STORE', apartList(number))
  if moved ~= 1 then return false end
  redis.call('LTRIM', list, 0, -2)
  apart[number] = true
  keep(record)
  return true
end
-- Takes the next few of the list; true when that has run empty. What isPlain says of a large record: that it would be kept as it is.
local function takeNext(count, take, isPlain)
  -- Before Redis 7 nothing can be moved, and a range, or a pop of several, is looked for from the other end of the list.
  if not redis.REDIS_VERSION_NUM then
    for _ = 1, count do
      local record = redis.call('RPOP', list)
      if not record then return true end
      take(record)
    end
    return false
  end
  local found = redis.call('LRANGE', list, -count, -1)
  if #found == 0 then return true end
  local last = #found
  -- What is beyond the room stays in the list.
  while last > 0 and (bytes == 0 or bytes < room) do
    local first = last
    while first > 0 and #found[first] < ${LARGE_BYTES} do first = first - 1 end
    if first < last then
      redis.call('LTRIM', list, 0, first - last - 1)
      for i = last, first + 1, -1 do take(found[i]) end
    elseif isPlain(found[first]) and keepApart(found[first]) then
      first = first - 1
    else
      redis.call('LTRIM', list, 0, -2)
      take(found[first])
      first = first - 1
    end
    last = first
  end
  return false
end
-- Takes what there is want and room for; true when the list has run empty.
local function takeFromList(take, isPlain)
  local count = step(want)
  while count > 0 do
    if takeNext(count, take, isPlain) then return true end
    count = step(want)
  end
  return false
end
-- Stores what has been kept, and is what the script returns; what cannot be stored is put back.
local function hold(putBack)
  for from = 1, kept, 250 do
    local fields, filled = {}, 0
    for i = from, math.min(from + 249, kept) do
      fields[filled + 1] = token(i - 1)
      fields[filled + 2] = apart[i] and '${APART}' or records[i]
      filled = filled + 2
    end
    local stored = redis.pcall('HSET', inFlight, unpack(fields))
    if type(stored) == 'table' and stored.err then
      for i = kept, from, -1 do
        putBack(records[i])
        if apart[i] then redis.call('DEL', apartList(i)) end
        records[i] = nil
      end
      if from == 1 then return redis.error_reply(stored.err) end
      break
    end
  end
  return { redis.call('GET', version) or '0', records }
end
`;

/**
 * Claims due retries and what is ready; of a sequence the one whose turn it is. What is ready for destinations to be passed is
 * parked for them as it is met, if it is new, names its destination as the publisher does (encode.ts), and nothing in it is
 * called orderingKey.
 * KEYS 1 ready list, 2 turns, 3 waiting records, 4 turns in the ready list, 5 in-flight hash, 6 heartbeat,
 * 7 version of the standings, 8 delayed zset, 9 delayed records, 10 parked counts, 11 changed zset, then the parked lists of
 * the destinations to be passed
 * ARGV 1 to 4 and reply: see CLAIMING; then the destinations to be passed. The reply also has each that was, and how often.
 */
export const CLAIM = `
local ready, turns, waiting, served = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local list, inFlight, heartbeat, version = ready, KEYS[5], KEYS[6], KEYS[7]
${FRAME}${TURNS}${CHANGED}${COUNT}${CLAIMING}
-- An error reply, while nothing has been popped, when one of them has become something else since the start.
redis.call('HLEN', turns)
redis.call('HLEN', waiting)
redis.call('SCARD', served)
-- By destination, what is parked in passing; nil where there are none to be passed. One whose list has become something else
-- is not.
local passing
if #KEYS > 11 then
  passing = {}
  redis.call('HLEN', KEYS[10])
  redis.call('ZCARD', KEYS[11])
  if not tonumber(redis.call('GET', version) or 0) then return redis.error_reply('WRONGTYPE the version is no number') end
end
for i = 12, #KEYS do
  if not unfit(KEYS[i]) then passing[ARGV[i - 7]] = {} end
end
-- Most records have no ordering key and are only searched for the word; first for the part of it that begins with a rare
-- letter, as a search stops at each first letter: 0.04 us, not 0.6, for 1 KB.
local find = string.find
local function mayHaveKey(record)
  return find(record, 'Key"', 1, true) and find(record, '"orderingKey"', 1, true)
end
-- The sequence of an envelope that has an ordering key, decoded for it (5 us a KB). What Redis cannot decode has none: what
-- is not JSON will be a dead letter, but what nests deeper than 1 000 levels is delivered out of order.
local function sequenceOf(record)
  local isJson, event = pcall(cjson.decode, envelope(record))
  if not isJson or type(event) ~= 'table' then return nil end
  local key, destination = event.orderingKey, event.destination
  if type(key) ~= 'string' or key == '' then return nil end
  if destination == nil and type(event.url) == 'string' then
    destination = string.match(event.url, '^[^/]*//[^/?#]*')
  end
  if type(destination) ~= 'string' then return nil end
  return redis.sha1hex(destination .. '\\0' .. key)
end
local function setAside(sequence, holder, first, after, record)
  redis.call('HSET', waiting, waitingField(sequence, after), record)
  writeTurn(sequence, holder, first, after + 1)
  aside = aside + 1
  bytes = bytes + #record
end
-- What is parked in passing, for the destination of a record; nothing where it is none of them.
local function passedWith(record)
  local destination = passing and string.match(record, '^{"id":"[^"\\\\%c]*","destination":"([^"\\\\%c]+)"')
  return destination and passing[destination]
end
-- Whether the record is one to be parked in passing; then it has been noted.
local function pass(record)
  local list = passedWith(record)
  if not list then return false end
  list[#list + 1] = record
  passed = passed + 1
  bytes = bytes + #record
  return true
end
local function parkPassed()
  local told = {}
  for i = 12, #KEYS do
    local destination, list = ARGV[i - 7], KEYS[i]
    local found = passing[destination] or {}
    for from = 1, #found, 250 do redis.call('LPUSH', list, unpack(found, from, math.min(from + 249, #found))) end
    if #found > 0 then
      if writeCount(KEYS[10], destination, list) == #found then changed(version, KEYS[11], destination) end
      told[#told + 1] = destination
      told[#told + 1] = #found
    end
  end
  return told
end
local function take(record)
  if not mayHaveKey(record) then return passing and pass(record) or keep(record) end
  local id, sequence = framedTurn(record)
  local isFramed = sequence ~= nil
  sequence = sequence or sequenceOf(record)
  if not sequence then return keep(record) end
  local holder, first, after = readTurn(sequence)
  if not isFramed then
    local attempts, known = string.match(record, '^~(%d+)~([%w_.:-]+)~')
    id = known or 'evt_' .. token(holder and want + aside or kept)
    record = frame(attempts or 0, id .. '/' .. sequence, record)
  end
  if not holder then
    writeTurn(sequence, id, 0, 0)
  elseif isFramed and holder == id then
    redis.call('SREM', served, sequence)
  else
    return setAside(sequence, holder, first, after, record)
  end
  keep(record)
end
local function isPlain(record)
  return not mayHaveKey(record) and not passedWith(record)
end
local function takeDue(limit)
  local now = nowMs()
  local count = step(limit)
  while count > 0 do
    local tokens = redis.call('ZRANGEBYSCORE', KEYS[8], '-inf', now, 'LIMIT', 0, count)
    if #tokens == 0 then return end
    redis.call('ZREM', KEYS[8], unpack(tokens))
    local due = redis.call('HMGET', KEYS[9], unpack(tokens))
    redis.call('HDEL', KEYS[9], unpack(tokens))
    for i = 1, #due do if due[i] then take(due[i]) end end
    count = step(limit)
  end
end
takeDue(math.ceil(want / 2))
if takeFromList(take, isPlain) then
  for _, sequence in ipairs(redis.call('SRANDMEMBER', served, 100)) do passOn(sequence) end
end
takeDue(want)
local told = passing and parkPassed() or {}
local reply = hold(serve)
if not reply.err then reply[3] = told end
return reply`;

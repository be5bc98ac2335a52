/**
 * The Lua scripts, but for those that claim, park, keep standings or limit rates, which have files of their own. Each
 * is atomic, and all or nothing in the AOF too.
 *
 * Two rules hold in all of them. A script whose first write is a pop or a delete also runs when Redis is full
 * (`maxmemory` reached), so that a full Redis can be drained. And what has been popped is either stored or pushed
 * back: no error leaves a record nowhere. `unpack` is given at most 500 values, well below Lua's limit of 8 000.
 */
import { TURNS } from './turn-scripts.ts';

/**
 * Stands in the in-flight hash for a record that lies apart from it (see claim-scripts.ts). An element that a producer pushed may
 * be the same: then there is nothing apart.
 */
export const APART = '~';

/** Frames a record with what is known of it (see record.ts): attempts made and name. What was framed before is framed anew. */
export const FRAME = `
-- An error reply when the ready key, checked at start, has become something else since: nothing may be popped then.
local function unfit(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'list' or kind == 'none' then return nil end
  return redis.error_reply('WRONGTYPE the queue is a ' .. kind)
end
local function envelope(record)
  local start = string.match(record, '^~%d+~[%w_.:/-]+~()')
  return start and string.sub(record, start) or record
end
local function frame(attempts, name, record)
  return '~' .. attempts .. '~' .. name .. '~' .. envelope(record)
end
-- Takes out what is held under a token of a lease; nothing where it is not. What lies apart leaves a mark in the hash.
local function takeHeld(inFlight, token)
  local record = redis.call('HGET', inFlight, token)
  if not record then return nil end
  if record ~= '${APART}' then
    redis.call('HDEL', inFlight, token)
    return record
  end
  -- Read before anything is deleted: where that is refused (a cluster that moves the slot), nothing has happened.
  local list = inFlight .. ':' .. token
  local apart = redis.call('LINDEX', list, 0)
  redis.call('HDEL', inFlight, token)
  redis.call('DEL', list)
  return apart or record
end
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/**
 * Delays claimed deliveries until their retry is due.
 * KEYS 1 in-flight hash, 2 delayed zset, 3 delayed records
 * ARGV for each: token, delay in ms, attempts made, name
 * Returns how many were still held under the lease.
 */
export const RETRY = `${FRAME}
-- An error reply, while nothing has been taken out, when one of them has become something else since the start.
redis.call('ZCARD', KEYS[2])
redis.call('HLEN', KEYS[3])
local now, held = nowMs(), 0
for i = 1, #ARGV, 4 do
  local token = ARGV[i]
  local record = takeHeld(KEYS[1], token)
  if record then
    redis.call('HSET', KEYS[3], token, frame(ARGV[i + 2], ARGV[i + 3], record))
    redis.call('ZADD', KEYS[2], now + ARGV[i + 1], token)
    held = held + 1
  end
end
return held`;

/**
 * Acknowledges claimed deliveries that may lie apart.
 * KEYS 1 in-flight hash, then the list of each token
 * ARGV tokens
 * Returns how many were still held under the lease.
 */
export const ACK_LARGE = `
local held = 0
for i, token in ipairs(ARGV) do
  held = held + redis.call('HDEL', KEYS[1], token)
  redis.call('DEL', KEYS[i + 1])
end
return held`;

/**
 * Acknowledges claimed deliveries that have a turn. (For all others, but large ones, an HDEL will do.)
 * KEYS 1 in-flight hash, 2 ready list, 3 turns, 4 waiting records, 5 turns in the ready list
 * ARGV tokens
 * Returns how many were still held under the lease.
 */
export const FINISH = `
local ready, turns, waiting, served = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
${FRAME}${TURNS}
local fault = unfit(ready)
if fault then return fault end
local held = 0
for _, token in ipairs(ARGV) do
  local record = takeHeld(KEYS[1], token)
  if record then
    finish(record)
    held = held + 1
  end
end
return held`;

/**
 * Makes claimed deliveries ready again, ahead of what waits; the first argument will be the first served.
 * KEYS 1 in-flight hash, 2 ready list, 3 turns, 4 waiting records, 5 turns in the ready list
 * ARGV for each: token, attempts made, name
 * Returns how many were still held under the lease.
 */
export const RELEASE = `
local ready, turns, waiting, served = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
${FRAME}${TURNS}
local fault = unfit(ready)
if fault then return fault end
local held = 0
for i = #ARGV - 2, 1, -3 do
  local record = takeHeld(KEYS[1], ARGV[i])
  if record then
    serve(frame(ARGV[i + 1], ARGV[i + 2], record))
    held = held + 1
  end
end
return held`;

/**
 * Turns claimed deliveries into dead letters.
 * KEYS 1 in-flight hash, 2 ready list, 3 turns, 4 waiting records, 5 turns in the ready list, 6 dead zset,
 * 7 dead envelopes, 8 dead letters
 * ARGV for each: token, id, ms of death, letter as JSON
 * Returns how many were still held under the lease.
 */
export const DIE = `
local ready, turns, waiting, served = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
${FRAME}${TURNS}
local fault = unfit(ready)
if fault then return fault end
redis.call('ZCARD', KEYS[6])
redis.call('HLEN', KEYS[7])
redis.call('HLEN', KEYS[8])
local held = 0
for i = 1, #ARGV, 4 do
  local token = ARGV[i]
  local record = takeHeld(KEYS[1], token)
  if record then
    local key = ARGV[i + 1]
    if redis.call('HEXISTS', KEYS[8], key) == 1 then key = key .. '#' .. token end
    redis.call('HSET', KEYS[7], key, envelope(record))
    redis.call('HSET', KEYS[8], key, ARGV[i + 3])
    redis.call('ZADD', KEYS[6], ARGV[i + 2], key)
    finish(record)
    held = held + 1
  end
end
return held`;

/**
 * Makes ready again what is held under a lease that has lapsed, oldest claim first in line.
 * KEYS 1 in-flight hash, 2 ready list, 3 turns, 4 waiting records, 5 turns in the ready list, 6 heartbeat, 7 leases
 * ARGV 1 lease id
 * Returns how many deliveries; 0 when the lease is alive.
 */
export const RECLAIM = `
local ready, turns, waiting, served = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
${FRAME}${TURNS}
if redis.call('EXISTS', KEYS[6]) == 1 then return 0 end
local fault = unfit(ready)
if fault then return fault end
local tokens = redis.call('HKEYS', KEYS[1])
table.sort(tokens)
for i = #tokens, 1, -1 do
  local record = takeHeld(KEYS[1], tokens[i])
  serve(string.sub(record, 1, 1) == '~' and record or frame('0', 'evt_' .. tokens[i], record))
end
redis.call('SREM', KEYS[7], ARGV[1])
return #tokens`;

/**
 * Opens a lease. The delete, of what cannot be there, comes first so that a worker can start on a full Redis too.
 * KEYS 1 heartbeat, 2 leases
 * ARGV 1 lease id, 2 length of the lease in ms
 */
export const OPEN_LEASE = `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])`;

/**
 * Counts, all at the same instant. Not a MULTI, which a full Redis refuses.
 * KEYS 1 ready list, 2 delayed zset, 3 dead zset, 4 parked counts, 5 waiting records, then the in-flight hashes
 * Returns ready, delayed, dead, parked, leased.
 */
export const STATS = `
local parked, leased = redis.call('HLEN', KEYS[5]), 0
for _, count in ipairs(redis.call('HVALS', KEYS[4])) do parked = parked + count end
for i = 6, #KEYS do leased = leased + redis.call('HLEN', KEYS[i]) end
return { redis.call('LLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), parked, leased }`;

/**
 * How long until the next retry is due.
 * KEYS 1 delayed zset
 * Returns ms, 0 when one is due, -1 when nothing is delayed.
 */
export const NEXT_DUE = `${FRAME}
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first == 0 then return -1 end
return math.max(0, math.ceil(first[2] - nowMs()))`;

/**
 * Makes dead letters ready again.
 * KEYS 1 dead zset, 2 dead envelopes, 3 dead letters, 4 ready list
 * ARGV the dead-letter keys
 * Returns how many there were.
 */
export const REPLAY = `${FRAME}
local fault = unfit(KEYS[4])
if fault then return fault end
redis.call('HLEN', KEYS[3])
local replayed = 0
for _, key in ipairs(ARGV) do
  local envelope = redis.call('HGET', KEYS[2], key)
  if envelope then
    redis.call('ZREM', KEYS[1], key)
    redis.call('HDEL', KEYS[2], key)
    redis.call('HDEL', KEYS[3], key)
    redis.call('LPUSH', KEYS[4], frame('0', string.match(key, '^[^#]*'), envelope))
    replayed = replayed + 1
  end
end
return replayed`;

/**
 * Deletes dead letters.
 * KEYS 1 dead zset, 2 dead envelopes, 3 dead letters
 * ARGV the dead-letter keys
 * Returns how many there were.
 */
export const DISCARD = `
redis.call('HDEL', KEYS[2], unpack(ARGV))
redis.call('HDEL', KEYS[3], unpack(ARGV))
return redis.call('ZREM', KEYS[1], unpack(ARGV))`;

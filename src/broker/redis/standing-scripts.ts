/**
 * The Lua scripts about the standings of destinations: disabled, blocked, something parked. The two rules at the head
 * of scripts.ts hold here too: a delete, of what may not be there, comes first, so that a full Redis takes them all.
 *
 * Each change goes under a new version: so a worker that knows an earlier one is told only what has changed since.
 */
import { FRAME } from './scripts.ts';

/**
 * How many of the destinations that changed last are remembered, for workers that know an earlier version; one that is
 * further behind is told everything. About 1 MB.
 */
const CHANGES_KEPT = 10_000;

/**
 * Notes that a destination has changed; always last in a script. A version is never below the time in milliseconds: a
 * Redis that has lost its last second gives none of that second's versions to other changes.
 */
export const CHANGED = `
local function changed(versionKey, changes, destination)
  local version = math.max((redis.call('GET', versionKey) or 0) + 1, nowMs())
  redis.call('SET', versionKey, string.format('%.0f', version))
  redis.call('ZADD', changes, version, destination)
  redis.call('ZREMRANGEBYRANK', changes, 0, -${CHANGES_KEPT + 1})
end
`;

/** Writes down how many are parked for a destination: the length of its list, which it answers. */
export const COUNT = `
local function writeCount(counts, destination, list)
  local length = redis.call('LLEN', list)
  if length == 0 then redis.call('HDEL', counts, destination)
  else redis.call('HSET', counts, destination, length) end
  return length
end
`;

/** Reads and writes a field of the blocks hash: kind, end in epoch ms of the Redis clock, times opened. */
const BLOCKS = `
local function readBlock(blocks, destination)
  local block = redis.call('HGET', blocks, destination)
  if not block then return nil end
  local kind, ends, opened = string.match(block, '^(%a+) (%d+) (%d+)$')
  return kind, tonumber(ends), tonumber(opened)
end
local function writeBlock(blocks, destination, kind, ends, opened)
  redis.call('HDEL', blocks, destination)
  redis.call('HSET', blocks, destination, string.format('%s %.0f %d', kind, ends, opened))
end
`;

/**
 * Disables a destination.
 * KEYS 1 disabled hash, 2 version, 3 changed zset
 * ARGV 1 destination, 2 why and since when, as JSON
 * Returns 1, or 0 when it was disabled before.
 */
export const DISABLE = `${FRAME}${CHANGED}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
changed(KEYS[2], KEYS[3], ARGV[1])
return 1`;

/**
 * Enables a destination and lifts its block.
 * KEYS 1 disabled hash, 2 version, 3 changed zset, 4 blocks hash, 5 parked counts
 * ARGV 1 destination
 * Returns how many are parked for it, false when it was not disabled.
 */
export const ENABLE = `${FRAME}${CHANGED}
local wasDisabled = redis.call('HDEL', KEYS[1], ARGV[1]) == 1
redis.call('HDEL', KEYS[4], ARGV[1])
local parked = tonumber(redis.call('HGET', KEYS[5], ARGV[1]) or 0)
-- Also where nothing is to be lifted here: a Redis that lost its last second may have forgotten what workers still know.
changed(KEYS[2], KEYS[3], ARGV[1])
return wasDisabled and parked`;

/**
 * Blocks a destination: the later end, of its kind, and the greater number of times opened. Of one that is probed the end does not
 * count: it is the time that was left for the probe, and how that went is told by what comes.
 * KEYS 1 blocks hash, 2 version, 3 changed zset
 * ARGV 1 destination, 2 kind, 3 for how many ms, 4 times opened in a row
 */
export const BLOCK = `${FRAME}${CHANGED}${BLOCKS}
local kind, ends, opened = ARGV[2], nowMs() + ARGV[3], tonumber(ARGV[4])
local oldKind, oldEnds, oldOpened = readBlock(KEYS[1], ARGV[1])
if oldKind then
  if oldKind == 'probing' then oldEnds = 0 end
  if oldEnds >= ends and oldOpened >= opened then return end
  if oldEnds >= ends then kind, ends = oldKind, oldEnds end
  opened = math.max(opened, oldOpened)
end
writeBlock(KEYS[1], ARGV[1], kind, ends, opened)
changed(KEYS[2], KEYS[3], ARGV[1])`;

/**
 * Lifts a block.
 * KEYS 1 blocks hash, 2 version, 3 changed zset
 * ARGV 1 destination
 */
export const UNBLOCK = `${FRAME}${CHANGED}
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then changed(KEYS[2], KEYS[3], ARGV[1]) end`;

/**
 * Lifts the pauses of these destinations that have been over for a while.
 * KEYS 1 blocks hash, 2 version, 3 changed zset
 * ARGV 1 for how many ms, then destinations
 */
export const END_PAUSES = `${FRAME}${CHANGED}${BLOCKS}
local over = nowMs() - ARGV[1]
for i = 2, #ARGV do
  local kind, ends = readBlock(KEYS[1], ARGV[i])
  if kind == 'paused' and ends <= over then
    redis.call('HDEL', KEYS[1], ARGV[i])
    changed(KEYS[2], KEYS[3], ARGV[i])
  end
end`;

/**
 * Asks for leave to probe: given to one once an open breaker's block is over, and then not for a while.
 * KEYS 1 blocks hash
 * ARGV 1 destination, 2 for how many ms to keep others away
 * Returns granted, refused or unblocked, and the ms until the block's end where refused.
 */
export const ASK_PROBE = `${FRAME}${BLOCKS}
local kind, ends, opened = readBlock(KEYS[1], ARGV[1])
if not kind then return { 'unblocked', 0 } end
local now = nowMs()
if ends > now then return { 'refused', ends - now } end
if kind == 'paused' then return { 'unblocked', 0 } end
writeBlock(KEYS[1], ARGV[1], 'probing', now + ARGV[2], opened)
return { 'granted', 0 }`;

/**
 * The standings at one instant: all of them, or those that have changed since a version.
 * KEYS 1 disabled hash, 2 blocks hash, 3 parked counts, 4 version, 5 changed zset
 * ARGV 1 version, or nothing for all
 * Returns the version, 1 when they are all, the time in ms, which destinations have changed, and the fields and values
 * of each of the three hashes.
 */
export const STANDINGS = `${FRAME}
local version = tonumber(redis.call('GET', KEYS[4]) or 0)
local since = tonumber(ARGV[1])
local function isKnown()
  if not since or since > version then return false end
  if redis.call('ZCARD', KEYS[5]) < ${CHANGES_KEPT} then return true end
  return since >= redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2] - 1
end
local stamp = string.format('%.0f', version)
if not isKnown() then
  local all = {}
  for i = 1, 3 do all[i] = redis.call('HGETALL', KEYS[i]) end
  return { stamp, 1, nowMs(), {}, unpack(all) }
end
local names = redis.call('ZRANGEBYSCORE', KEYS[5], '(' .. ARGV[1], '+inf')
local function fields(key)
  local found = {}
  for from = 1, #names, 500 do
    local values = redis.call('HMGET', key, unpack(names, from, math.min(from + 499, #names)))
    for i = 1, #values do
      if values[i] then
        found[#found + 1] = names[from + i - 1]
        found[#found + 1] = values[i]
      end
    end
  end
  return found
end
return { stamp, 0, nowMs(), names, fields(KEYS[1]), fields(KEYS[2]), fields(KEYS[3]) }`;

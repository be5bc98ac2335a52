/** The Lua scripts that claim deliveries. The two rules at the head of scripts.ts hold here too. */
import { FRAME } from './scripts.ts';

/**
 * What the scripts that claim share: they take from a list into the lease's in-flight hash.
 * KEYS 1 list, 2 in-flight hash, 3 heartbeat, 4 version of the standings
 * ARGV 1 most deliveries, 2 most bytes (about), 3 token base, 4 number that the first token adds to it, in six digits
 * They return false when the lease has lapsed, else the version and then the records.
 */
export const CLAIMING = `${FRAME}
if redis.call('EXISTS', KEYS[3]) == 0 then return false end
local fault = unfit(KEYS[1])
if fault then return fault end
local want, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local records, bytes = {}, 0
-- How many to take next: few at first, then as many as the mean size says will fit.
local function step(limit)
  local left = math.min(limit, want) - #records
  if #records == 0 then return math.min(left, 4) end
  if bytes >= room then return 0 end
  return math.min(left, 250, math.max(1, math.floor((room - bytes) * #records / math.max(bytes, 1))))
end
local function keep(record)
  records[#records + 1] = record
  bytes = bytes + #record
end
local function takeFromList()
  local count = step(want)
  while count > 0 do
    local popped = redis.call('RPOP', KEYS[1], count)
    if not popped then return end
    for i = 1, #popped do keep(popped[i]) end
    count = step(want)
  end
end
-- Stores what has been kept, and is what the script returns; what cannot be stored goes back to the list.
local function hold()
  for from = 1, #records, 250 do
    local fields = {}
    for i = from, math.min(from + 249, #records) do
      fields[#fields + 1] = ARGV[3] .. string.format('%06d', (ARGV[4] + i - 1) % 1000000)
      fields[#fields + 1] = records[i]
    end
    local stored = redis.pcall('HSET', KEYS[2], unpack(fields))
    if type(stored) == 'table' and stored.err then
      for i = #records, from, -1 do redis.call('RPUSH', KEYS[1], records[i]) end
      for i = #records, from, -1 do records[i] = nil end
      if #records == 0 then return redis.error_reply(stored.err) end
    end
  end
  table.insert(records, 1, redis.call('GET', KEYS[4]) or '0')
  return records
end
`;

/**
 * Claims due retries and what is ready.
 * KEYS 1 ready list, 2 in-flight hash, 3 heartbeat, 4 version of the standings, 5 delayed zset, 6 delayed records
 * ARGV and reply: see CLAIMING
 */
export const CLAIM = `${CLAIMING}
local function takeDue(limit)
  local now = nowMs()
  local count = step(limit)
  while count > 0 do
    local tokens = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, count)
    if #tokens == 0 then return end
    redis.call('ZREM', KEYS[5], unpack(tokens))
    local due = redis.call('HMGET', KEYS[6], unpack(tokens))
    redis.call('HDEL', KEYS[6], unpack(tokens))
    for i = 1, #due do if due[i] then keep(due[i]) end end
    count = step(limit)
  end
end
takeDue(math.ceil(want / 2))
takeFromList()
takeDue(want)
return hold()`;

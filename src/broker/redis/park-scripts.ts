/**
 * The Lua scripts about disabled destinations. The two rules at the head of scripts.ts hold here too.
 *
 * How many are parked for each destination is written down beside its list: so `STATS` and `DISABLED` need not be told
 * which lists there are, which may change before they run, and read one hash, not thousands of lists.
 * It is set to the list's length, never added to: whatever it was, the next move puts it right.
 */
import { FRAME } from './scripts.ts';

/**
 * Parks claimed deliveries of one destination; where that is not disabled it releases them, as RELEASE does.
 * KEYS 1 in-flight hash, 2 disabled hash, 3 parked counts, 4 the destination's parked list, 5 ready list
 * ARGV 1 destination, then for each: token, attempts made, minted id
 * Returns how many were still held under the lease, and 1 when the destination is disabled, else 0.
 */
export const PARK = `${FRAME}
local fault = unfit(KEYS[4]) or unfit(KEYS[5])
if fault then return fault end
-- An error reply, while nothing has been popped, when the counts have become something else since the start.
redis.call('HLEN', KEYS[3])
local disabled = redis.call('HEXISTS', KEYS[2], ARGV[1])
local held = 0
local function move(i, push, list)
  local record = redis.call('HGET', KEYS[1], ARGV[i])
  if not record then return end
  redis.call('HDEL', KEYS[1], ARGV[i])
  redis.call(push, list, frame(ARGV[i + 1], ARGV[i + 2], record))
  held = held + 1
end
if disabled == 1 then
  for i = 2, #ARGV, 3 do move(i, 'LPUSH', KEYS[4]) end
  if held > 0 then redis.call('HSET', KEYS[3], ARGV[1], redis.call('LLEN', KEYS[4])) end
else
  for i = #ARGV - 2, 2, -3 do move(i, 'RPUSH', KEYS[5]) end
end
return { held, disabled }`;

/**
 * Makes parked deliveries of a destination that is enabled ready again, the first parked first, behind what waits.
 * KEYS 1 the destination's parked list, 2 parked counts, 3 disabled hash, 4 ready list
 * ARGV 1 destination, 2 most deliveries, 3 most bytes (about)
 * Returns how many; 0 when none are left, or when the destination has been disabled again.
 */
export const UNPARK = `${FRAME}
local fault = unfit(KEYS[1]) or unfit(KEYS[4])
if fault then return fault end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 0 end
local most, room = tonumber(ARGV[2]), tonumber(ARGV[3])
local moved = 0
while moved < most and room > 0 do
  local record = redis.call('RPOP', KEYS[1])
  if not record then break end
  redis.call('LPUSH', KEYS[4], record)
  moved = moved + 1
  room = room - #record
end
local left = redis.call('LLEN', KEYS[1])
if left == 0 then redis.call('HDEL', KEYS[2], ARGV[1]) else redis.call('HSET', KEYS[2], ARGV[1], left) end
return moved`;

/**
 * Disables a destination. The delete, of what cannot be there, comes first so that a full Redis takes it too.
 * KEYS 1 disabled hash
 * ARGV 1 destination, 2 why and since when, as JSON
 * Returns 1, or 0 when it was disabled before.
 */
export const DISABLE = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])`;

/**
 * What is disabled and what has parked deliveries, at the same instant.
 * KEYS 1 disabled hash, 2 parked counts
 * Returns the fields and values of each.
 */
export const DISABLED = `
return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }`;

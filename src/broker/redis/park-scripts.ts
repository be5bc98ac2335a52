/**
 * The Lua scripts about parked deliveries. The two rules at the head of scripts.ts hold here too.
 *
 * How many are parked for each destination is written down beside its list: so `STATS` and `STANDINGS` need not be told
 * which lists there are, which may change before they run, and read one hash, not thousands of lists.
 * It is set to the list's length, never added to: whatever it was, the next move puts it right.
 */
import { CLAIMING } from './claim-scripts.ts';
import { FRAME } from './scripts.ts';
import { CHANGED, COUNT } from './standing-scripts.ts';
import { DROP_BEHIND, TURNS } from './turn-scripts.ts';

/**
 * Parks claimed deliveries of one destination.
 * KEYS 1 in-flight hash, 2 parked counts, 3 the destination's parked list, 4 version of the standings, 5 changed zset
 * ARGV 1 destination, then for each: token, attempts made, name
 * Returns how many were still held under the lease.
 */
export const PARK = `${FRAME}${CHANGED}${COUNT}
local fault = unfit(KEYS[3])
if fault then return fault end
-- An error reply, while nothing has been popped, when the counts have become something else since the start.
redis.call('HLEN', KEYS[2])
local held = 0
for i = 2, #ARGV, 3 do
  local record = takeHeld(KEYS[1], ARGV[i])
  if record then
    redis.call('LPUSH', KEYS[3], frame(ARGV[i + 1], ARGV[i + 2], record))
    held = held + 1
  end
end
if held > 0 and writeCount(KEYS[2], ARGV[1], KEYS[3]) == held then
  changed(KEYS[4], KEYS[5], ARGV[1])
end
return held`;

/**
 * Claims what is parked for a destination that is not disabled.
 * KEYS 1 the destination's parked list, 2 in-flight hash, 3 heartbeat, 4 version of the standings, 5 parked counts,
 * 6 disabled hash
 * ARGV 1 to 4 and reply: see CLAIMING; 5 destination
 */
export const CLAIM_PARKED = `
local list, inFlight, heartbeat, version = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
${FRAME}${COUNT}${CLAIMING}
redis.call('HLEN', KEYS[5])
if redis.call('HEXISTS', KEYS[6], ARGV[5]) == 0 then takeFromList(keep, function() return true end) end
local hasTaken = #records > 0
local reply = hold(function(record) redis.call('RPUSH', list, record) end)
-- Only then: on a full Redis a count may be written behind a pop, not by itself.
if hasTaken then writeCount(KEYS[5], ARGV[5], list) end
return reply`;

/**
 * Deletes what is parked for a destination, oldest first, each behind what is set aside until its end: nothing of a sequence has
 * the turn but the last that is deleted.
 * KEYS 1 the destination's parked list, 2 ready list, 3 turns, 4 waiting records, 5 turns in the ready list,
 * 6 parked counts
 * ARGV 1 destination, 2 most deliveries
 * Returns how many there were.
 */
export const DISCARD_PARKED = `
local ready, turns, waiting, served = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
${FRAME}${TURNS}${DROP_BEHIND}${COUNT}
local fault = unfit(KEYS[1]) or unfit(ready)
if fault then return fault end
redis.call('HLEN', KEYS[6])
local most, discarded = tonumber(ARGV[2]), 0
while discarded < most do
  local record = redis.call('LINDEX', KEYS[1], -1)
  if not record then break end
  discarded = discarded + dropBehind(record, most - discarded)
  if discarded == most then break end
  redis.call('RPOP', KEYS[1])
  finish(record)
  discarded = discarded + 1
end
if discarded > 0 then writeCount(KEYS[6], ARGV[1], KEYS[1]) end
return discarded`;

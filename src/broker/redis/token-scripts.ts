/** The Lua script of rate limits. The two rules at the head of scripts.ts hold here too. */

/**
 * Takes tokens under a rate limit: the generic cell rate algorithm
 * (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm), whose one number is when the bucket will be full again.
 * It is kept in whole microseconds of the Redis clock, rounded up: rounding never grants more than the limit. It is taken
 * for no later than a whole bucket from now, so that neither a clock set back nor a limit just raised holds up for long.
 * KEYS 1 when the bucket will be full; no such key once it is
 * ARGV 1 how many are wanted, 2 events per second, 3 burst
 * Returns how many are granted, and the ms until there may be one more, 0 where all were.
 */
export const TAKE_TOKENS = `
local wanted, intervalUs, burst = tonumber(ARGV[1]), 1000000 / ARGV[2], math.floor(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local keptUs = math.max(0, (redis.call('GET', KEYS[1]) or now) - now)
local debtUs = math.min(keptUs, math.ceil(burst * intervalUs))
local granted = math.min(wanted, math.max(0, math.floor(burst - debtUs / intervalUs)))
-- A debt that was cut is written down too: else it would be cut anew each time, and never be paid.
if granted > 0 or debtUs < keptUs then
  debtUs = math.ceil(debtUs + granted * intervalUs)
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[1], string.format('%.0f', now + debtUs), 'PX', string.format('%.0f', math.ceil(debtUs / 1000)))
end
if granted == wanted then return { granted, 0 } end
return { granted, math.max(1, math.ceil((debtUs - (burst - 1) * intervalUs) / 1000)) }`;

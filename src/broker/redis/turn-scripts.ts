/**
 * What the Lua scripts share about ordered delivery.
 *
 * Deliveries whose envelopes hold the same ordering key for the same destination are a sequence. One of them has the
 * turn, and its record's frame says so (record.ts): it is claimed, retried, released, parked, reclaimed as any other.
 * Those that a claim meets behind it are set aside, numbered, in a hash, and nobody claims them there. The turn is passed
 * on, to the ready list's serving end, in the very script that ends the delivery which had it: so a crash never leaves a
 * turn with nobody.
 *
 * The ready list is also others' to change. Which turns wait in it is therefore written down: what is still there when a
 * claim has found the list empty was deleted by somebody, and its turn is passed on too.
 */

/** Needs FRAME, and as locals the keys ready (list), turns (hash), waiting (hash) and served (set). */
export const TURNS = `
-- The minted id and the sequence in the frame of a record that has the turn, or waits for it; else nothing.
local function framedTurn(record)
  return string.match(record, '^~%d+~([%w_.:-]+)/(%x+)~')
end
-- The id of the delivery that has the turn, and the numbers of the first set aside and of the next to be.
local function readTurn(sequence)
  local turn = redis.call('HGET', turns, sequence)
  if not turn then return nil end
  local id, first, after = string.match(turn, '^(%S+) (%d+) (%d+)$')
  return id, tonumber(first), tonumber(after)
end
local function writeTurn(sequence, id, first, after)
  redis.call('HSET', turns, sequence, string.format('%s %.0f %.0f', id, first, after))
end
local function waitingField(sequence, number)
  return sequence .. ':' .. string.format('%.0f', number)
end
-- Puts a record where it is claimed next.
local function serve(record)
  redis.call('RPUSH', ready, record)
  local _, sequence = framedTurn(record)
  if sequence then redis.call('SADD', served, sequence) end
end
local function passOn(sequence)
  redis.call('SREM', served, sequence)
  local _, first, after = readTurn(sequence)
  while first and first < after do
    local field = waitingField(sequence, first)
    local record = redis.call('HGET', waiting, field)
    first = first + 1
    if record then
      redis.call('HDEL', waiting, field)
      local id = framedTurn(record)
      writeTurn(sequence, id, first, after)
      return serve(record)
    end
  end
  redis.call('HDEL', turns, sequence)
end
-- To be called for each delivery that has come to its end.
local function finish(record)
  local _, sequence = framedTurn(record)
  if sequence then passOn(sequence) end
end
`;

/** Needs TURNS. */
export const DROP_BEHIND = `
-- Deletes up to so many that are set aside behind the record that has their turn; returns how many.
local function dropBehind(record, most)
  local id, sequence = framedTurn(record)
  if not sequence then return 0 end
  local holder, first, after = readTurn(sequence)
  if holder ~= id then return 0 end
  local from, dropped = first, 0
  while first < after and dropped < most do
    dropped = dropped + redis.call('HDEL', waiting, waitingField(sequence, first))
    first = first + 1
  end
  if first > from then writeTurn(sequence, id, first, after) end
  return dropped
end
`;

import { SLOTS } from './limit-store.js';

/**
 * Requests that come together, one after the other; all checks of one in one step. KEYS: the counters of all. ARGV: of each
 * request how many counters are its, what it costs, then of each counter its limit, its window (ms) and what was let in
 * elsewhere meanwhile, which is counted in any case. Answers `used`, `resetMs` and `waitMs` of each counter in turn, as
 * `Standing` has them.
 *
 * A counter is a hash: a number for each slot of the window, their sum (`used`), the oldest slot that may have one, and the
 * window that they were cut from. It has at most 124 fields, which Redis keeps packed. Slots that have left the window are
 * removed when the oldest has: once a slot at most. The time is that of Redis, the same for all replicas; where it was set
 * back behind what was counted, a counter starts anew.
 */
export const TAKE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local answer = {}

  local function read(key)
    local slots, all = {}, redis.call('HGETALL', key)
    for at = 1, #all, 2 do
      local slot = tonumber(all[at])
      if slot then slots[#slots + 1] = { slot, tonumber(all[at + 1]), all[at] } end
    end
    table.sort(slots, function (one, other) return one[1] < other[1] end)
    return slots
  end

  local function take(keys, cost, given)
    local refused, counters = false, {}
    for at, key in ipairs(keys) do
      local limit, window, owed = unpack(given[at])
      local slot = math.floor(now * ${SLOTS} / window)
      local held = redis.call('HMGET', key, 'used', 'oldest', 'window', slot)
      local used, oldest, known = tonumber(held[1]) or 0, tonumber(held[2]) or slot, held[4]
      if held[3] and (tonumber(held[3]) ~= window or oldest > slot) then
        redis.call('DEL', key)
        used, oldest, known = 0, slot, false
      elseif oldest < slot - ${SLOTS} then
        local gone = {}
        used, oldest = 0, slot
        for _, entry in ipairs(read(key)) do
          if entry[1] < slot - ${SLOTS} then
            gone[#gone + 1] = entry[3]
          else
            used, oldest = used + entry[2], math.min(oldest, entry[1])
          end
        end
        if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
        redis.call('HSET', key, 'used', used, 'oldest', oldest)
      end
      if used == 0 then oldest = slot end
      if owed > 0 then
        used, known = used + owed, (known or 0) + owed
        redis.call('HSET', key, slot, known, 'used', used, 'oldest', oldest, 'window', window)
        redis.call('PEXPIRE', key, math.ceil(window * ${SLOTS + 2} / ${SLOTS}))
      end
      local worth = math.min(cost, limit)
      local missing = used + worth - limit
      refused = refused or missing > 0
      counters[at] = { window, slot, used, oldest, worth, missing, tonumber(known) }
    end

    for at, key in ipairs(keys) do
      local window, slot, used, oldest, worth, missing, known = unpack(counters[at], 1, 7)
      local function leaves(which) return math.max(1, math.ceil((which + ${SLOTS + 1}) * window / ${SLOTS} - now)) end
      local wait = 0
      if not refused then
        used = used + worth
        if known then
          redis.call('HSET', key, slot, known + worth, 'used', used)
        else
          redis.call('HSET', key, slot, worth, 'used', used, 'oldest', oldest, 'window', window)
          redis.call('PEXPIRE', key, math.ceil(window * ${SLOTS + 2} / ${SLOTS}))
        end
      elseif missing > 0 then
        if (tonumber(redis.call('HGET', key, oldest)) or 0) >= missing then
          wait = leaves(oldest)
        else
          local gone = 0
          for _, entry in ipairs(read(key)) do
            gone = gone + entry[2]
            if gone >= missing then
              wait = leaves(entry[1])
              break
            end
          end
          if wait == 0 then wait = window end
        end
      end
      answer[#answer + 1] = used
      answer[#answer + 1] = used > 0 and leaves(oldest) or 0
      answer[#answer + 1] = wait
    end
  end

  local key, value = 0, 0
  local function nextValue()
    value = value + 1
    return tonumber(ARGV[value])
  end
  while value < #ARGV do
    local keys, given = {}, {}
    local count = nextValue()
    local cost = nextValue()
    for at = 1, count do
      key = key + 1
      keys[at] = KEYS[key]
      given[at] = { ARGV[value + 1] + 0, ARGV[value + 2] + 0, ARGV[value + 3] + 0 }
      value = value + 3
    end
    take(keys, cost, given)
  end
  return answer`;

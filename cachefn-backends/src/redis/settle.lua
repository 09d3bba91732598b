-- Ends a fill. KEYS: value, lease, generations of the lineage, generations of the value's tags, and where those were not
-- known when the fill began, the log of invalidated tags. ARGV: lease token, number of the fill, generations,
-- what to do with the value (store, vacate, leave), the value, its life (ms), life of generations (s), the first and the
-- last of the keys that are generations of few entries, the life of those (s), number of generations of the lineage, where
-- the fill began in the log (empty: the log does not matter), and for that each tag as it stands in the log.
-- What a client has written it must read again to be told when it changes: hence PTTL without use.
-- Answers 1, 0 if an invalidation came between or the lease is lost, or 2 if a later fill did; then the value is not
-- changed, except that a fill that is refused for its tags alone removes what was loaded before it.
local found = redis.call('MGET', unpack(KEYS))
local lease = found[2]
if not lease or #lease < 32 or string.sub(lease, 1, 8) ~= ARGV[1] then
  return 0
end

-- Whether a tag of the value was invalidated since the fill began, as far as the log tells.
local function is_logged(log)
  local began = ARGV[12]
  if not log or #log < 16 or string.sub(log, 1, 8) ~= string.sub(began, 1, 8) then
    return true
  end
  local earlier, count = struct.unpack('>I8', log, 9), struct.unpack('>I8', began, 9)
  if count < earlier then
    return true
  end
  for i = 13, #ARGV do
    local at = 16 + 8 * (count - earlier)
    repeat
      at = string.find(log, ARGV[i], at + 1, true)
      if at and at % 8 == 1 then
        return true
      end
    until not at
  end
  return false
end

local last = #KEYS - (ARGV[12] ~= '' and 1 or 0)
local lineage, is_struck = 2 + tonumber(ARGV[11]), false
for i = 3, last do
  if found[i] ~= string.sub(ARGV[3], 8 * i - 23, 8 * i - 16) then
    if i <= lineage then
      return 0
    end
    is_struck = true
  end
end
is_struck = is_struck or (ARGV[12] ~= '' and is_logged(found[#KEYS]))

local token, begun, stored, active, owner, till = struct.unpack('>c8I4I4I4I4I8', lease)
local mine = tonumber(ARGV[2])
if owner == mine then
  owner, till = 0, 0
end
local current = stored <= mine
if current and (ARGV[4] == 'vacate' or is_struck) then
  redis.call('UNLINK', KEYS[1])
  stored = mine
elseif current and ARGV[4] == 'store' then
  redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
  redis.call('PTTL', KEYS[1])
  stored = mine
  -- An entry whose generation expires first would be lost early.
  for i = 3, last do
    if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[6]) then
      local narrow = i >= tonumber(ARGV[8]) and i <= tonumber(ARGV[9])
      redis.call('EXPIRE', KEYS[i], narrow and ARGV[10] or ARGV[7])
      redis.call('PTTL', KEYS[i])
    end
  end
end

if active > 1 then
  redis.call('SET', KEYS[2], struct.pack('>c8I4I4I4I4I8', token, begun, stored, active - 1, owner, till)
    .. string.sub(lease, 33), 'KEEPTTL')
else
  redis.call('UNLINK', KEYS[2])
end
if not current then
  return 2
end
return is_struck and 0 or 1

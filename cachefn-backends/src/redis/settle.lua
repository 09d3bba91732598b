-- Ends a fill. KEYS: value, lease, generations, which need not be all that the lease was given. ARGV: lease token,
-- number of the fill, generations,
-- what to do with the value (store, vacate, leave), the value, its life (ms), life of generations (s), the first and the
-- last of the keys that are generations of few entries, and the life of those (s).
-- What a client has written it must read again to be told when it changes: hence PTTL without use.
-- Answers 1, 0 if an invalidation came between or the lease is lost, or 2 if a later fill did; then the value is not
-- changed.
local found = redis.call('MGET', unpack(KEYS))
local lease = found[2]
if not lease or #lease < 32 or string.sub(lease, 1, 8) ~= ARGV[1] then
  return 0
end
local header = ''
for i = 3, #KEYS do
  if not found[i] then
    return 0
  end
  header = header .. found[i]
end
if header ~= ARGV[3] then
  return 0
end

local token, begun, stored, active, owner, till = struct.unpack('>c8I4I4I4I4I8', lease)
local mine = tonumber(ARGV[2])
if owner == mine then
  owner, till = 0, 0
end
local current = stored <= mine
if current and ARGV[4] == 'store' then
  redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
  redis.call('PTTL', KEYS[1])
  stored = mine
  -- An entry whose generation expires first would be lost early.
  for i = 3, #KEYS do
    if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[6]) then
      local narrow = i >= tonumber(ARGV[8]) and i <= tonumber(ARGV[9])
      redis.call('EXPIRE', KEYS[i], narrow and ARGV[10] or ARGV[7])
      redis.call('PTTL', KEYS[i])
    end
  end
elseif current and ARGV[4] == 'vacate' then
  redis.call('UNLINK', KEYS[1])
  stored = mine
end

if active > 1 then
  redis.call('SET', KEYS[2], struct.pack('>c8I4I4I4I4I8', token, begun, stored, active - 1, owner, till)
    .. string.sub(lease, 33), 'KEEPTTL')
else
  redis.call('UNLINK', KEYS[2])
end
return current and 1 or 2

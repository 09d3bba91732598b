-- Lets a fill be alone for longer. KEYS: lease. ARGV: lease token, number of the fill, for how long (ms).
-- Answers 1, or 0 if the fill is not alone any more.
local lease = redis.call('MGET', KEYS[1])[1]
if not lease or #lease < 32 or string.sub(lease, 1, 8) ~= ARGV[1] then
  return 0
end
local token, begun, stored, active, owner = struct.unpack('>c8I4I4I4I4', lease)
if owner ~= tonumber(ARGV[2]) then
  return 0
end
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
redis.call('SET', KEYS[1], struct.pack('>c8I4I4I4I4I8', token, begun, stored, active, owner, till)
  .. string.sub(lease, 33), 'KEEPTTL')
return 1

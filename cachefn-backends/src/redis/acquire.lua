-- Announces a fill. KEYS: value, lease, generations. ARGV: lease token, life of the lease (ms), life
-- of generations (s), 1 to accept an entry that stands, for how long to be alone (ms, 0 for not at all),
-- a fresh token for each generation; then the first and the last of the keys that are generations of few entries, and
-- the life of those (s).
-- What a client has written it must read again to be told when it changes: hence the second TTL.
-- Answers {2, value}, {1, lease token, number of the fill, generations}, or {3, ms} where another is alone.
local from, to = tonumber(ARGV[#ARGV - 2]), tonumber(ARGV[#ARGV - 1])
local function life(i)
  return (i >= from and i <= to) and ARGV[#ARGV] or ARGV[3]
end

local found = redis.call('MGET', unpack(KEYS))
local header, complete = '', true
for i = 3, #KEYS do
  local generation = found[i]
  if not generation or #generation ~= 8 then
    generation, complete = ARGV[i + 3], false
    redis.call('SET', KEYS[i], generation, 'EX', life(i))
  end
  header = header .. generation
end

local value = found[1]
if ARGV[4] == '1' and complete and value and string.byte(value, 7) == #KEYS - 2
    and string.sub(value, 73, 72 + #header) == header then
  return {2, value}
end

-- A lease under other generations is void: its fills can no longer be stored.
local token, begun, stored, active, owner, till = ARGV[1], 0, 0, 0, 0, 0
local lease = found[2]
if lease and #lease == 32 + #header and string.sub(lease, 33) == header then
  token, begun, stored, active, owner, till = struct.unpack('>c8I4I4I4I4I8', lease)
end
begun = begun + 1
local alone = tonumber(ARGV[5])
if alone > 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if owner > 0 and till > now then
    return {3, till - now}
  end
  owner, till = begun, now + alone
end
redis.call('SET', KEYS[2], struct.pack('>c8I4I4I4I4I8', token, begun, stored, active + 1, owner, till) .. header,
  'PX', ARGV[2])
for i = 3, #KEYS do
  if redis.call('TTL', KEYS[i]) * 2 < tonumber(life(i)) then
    redis.call('EXPIRE', KEYS[i], life(i))
    redis.call('TTL', KEYS[i])
  end
end
return {1, token, begun, header}

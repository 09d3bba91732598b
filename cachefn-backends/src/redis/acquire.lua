-- Announces a fill. KEYS: value, lease, generations of the lineage, generations of the tags that are known, and if it is to
-- be captured, the log of invalidated tags. ARGV: lease token, life of the lease (ms), life
-- of generations (s), 1 to accept an entry that stands, for how long to be alone (ms, 0 for not at all),
-- number of generations of the lineage, the head of a new log (empty: none is captured), life of the log (s), its longest
-- length (bytes), a fresh token for each generation; then the first and the last of the keys that are generations of few
-- entries, and the life of those (s).
-- What a client has written it must read again to be told when it changes: hence the second TTL.
-- Answers {2, value}, {1, lease token, number of the fill, generations, position in the log}, or {3, ms} where another is alone.
local from, to = tonumber(ARGV[#ARGV - 2]), tonumber(ARGV[#ARGV - 1])
local function life(i)
  return (i >= from and i <= to) and ARGV[#ARGV] or ARGV[3]
end

local found = redis.call('MGET', unpack(KEYS))
local logged = ARGV[7] ~= ''
local last = #KEYS - (logged and 1 or 0)
local lineage = 2 + tonumber(ARGV[6])
local header, tags, complete = '', '', true
for i = 3, last do
  local generation = found[i]
  if not generation or #generation ~= 8 then
    generation = ARGV[i + 7]
    redis.call('SET', KEYS[i], generation, 'EX', life(i))
    complete = complete and i > lineage
  end
  if i <= lineage then
    header = header .. generation
  else
    tags = tags .. generation
  end
end

local value = found[1]
if ARGV[4] == '1' and complete and value and string.byte(value, 7) == #header / 8
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
for i = 3, last do
  if redis.call('TTL', KEYS[i]) * 2 < tonumber(life(i)) then
    redis.call('EXPIRE', KEYS[i], life(i))
    redis.call('TTL', KEYS[i])
  end
end

local position = ''
if logged then
  local name, log, most = KEYS[#KEYS], found[#KEYS], tonumber(ARGV[9])
  if not log or #log < 16 or #log % 8 ~= 0 or string.byte(log) < 128 then
    -- None, or one that an invalidation has begun, which has no head.
    log = ARGV[7] .. struct.pack('>I8', 0)
    redis.call('SET', name, log, 'EX', ARGV[8])
  elseif #log > most then
    -- The later half stays: fills that began in the earlier one are refused.
    local kept = most / 16
    local dropped = (#log - 16) / 8 - kept
    local earlier = struct.unpack('>I8', log, 9)
    log = string.sub(log, 1, 8) .. struct.pack('>I8', earlier + dropped) .. string.sub(log, -8 * kept)
    redis.call('SET', name, log, 'EX', ARGV[8])
  elseif redis.call('TTL', name) * 2 < tonumber(ARGV[8]) then
    redis.call('EXPIRE', name, ARGV[8])
  end
  local earlier = struct.unpack('>I8', log, 9)
  position = string.sub(log, 1, 8) .. struct.pack('>I8', earlier + (#log - 16) / 8)
end
return {1, token, begun, header .. tags, position}

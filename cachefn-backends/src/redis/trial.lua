-- What the other scripts need of the language: packs a lease and unpacks it again. KEYS: one that nobody has.
local lease = struct.pack('>c8I4I4I4I4I8', 'abcdefgh', 1, 2, 3, 4, 5)
local token, begun, stored, active, owner, till = struct.unpack('>c8I4I4I4I4I8', lease)
if #lease ~= 32 or token ~= 'abcdefgh' or begun + stored + active + owner + till ~= 15 then
  return redis.error_reply('ERR struct')
end
return 1

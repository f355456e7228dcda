-- M3UA over TCP for Wireshark and tshark, which know it over SCTP only:
--   tshark -X lua_script:m3ua_tcp.lua -r capture.pcap
-- A message ends where the length of its common header says (RFC 4666 section 3.1). Other ports:
--   tshark -X lua_script:m3ua_tcp.lua -o m3ua_tcp.ports:2905,14001 ...

local HEADER_OCTETS = 8
local LENGTH_AT = 4

local message = Dissector.get("m3ua")
local over_tcp = Proto("m3ua_tcp", "M3UA over TCP")
over_tcp.prefs.ports = Pref.range("Ports", "2905", "TCP ports that carry M3UA", 65535)

local function length_of(buffer, packet, at)
  return buffer(at + LENGTH_AT, 4):uint()
end

local function dissect_one(buffer, packet, tree)
  message:call(buffer, packet, tree)
  return buffer:len()
end

function over_tcp.dissector(buffer, packet, tree)
  dissect_tcp_pdus(buffer, tree, HEADER_OCTETS, length_of, dissect_one)
  return buffer:len()
end

local ports = DissectorTable.get("tcp.port")
local registered = ""

function over_tcp.prefs_changed()
  if registered ~= "" then
    ports:remove(registered, over_tcp)
  end
  registered = over_tcp.prefs.ports
  ports:add(registered, over_tcp)
end

over_tcp.prefs_changed()

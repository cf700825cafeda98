-- Runs before every other plugin: nothing that a client says of itself goes any further.

local HYPHENS = { "-", "_" }

-- nginx reads a header of either spelling where it is asked for one of them, so all are cleared;
-- each by its name, because a list of headers has an end and what is behind it would stay.
local function spellings(name)
  local found = { "" }
  for part in string.gmatch(name, "[^-]+") do
    local longer = {}
    for _, head in ipairs(found) do
      if head == "" then
        longer[#longer + 1] = part
      else
        for _, hyphen in ipairs(HYPHENS) do
          longer[#longer + 1] = head .. hyphen .. part
        end
      end
    end
    found = longer
  end
  return found
end

local function all_spellings(names)
  local found = {}
  for _, name in ipairs(names) do
    for _, spelling in ipairs(spellings(name)) do
      found[#found + 1] = spelling
    end
  end
  return found
end

local IDENTITY = all_spellings({
  "X-User-Id", "X-Tenant-Id", "X-Gateway-Proof", "X-Consumer-Id", "X-Consumer-Custom-Id",
  "X-Consumer-Username", "X-Credential-Identifier", "X-Anonymous-Consumer",
  "X-Authenticated-Userid",
})
local PLACE = all_spellings({
  "Forwarded", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
  "X-Forwarded-Port", "X-Forwarded-Path", "X-Forwarded-Prefix",
})
local REQUEST_ID = all_spellings({ "X-Request-Id" })

local function clear(names)
  for _, name in ipairs(names) do
    kong.service.request.clear_header(name)
  end
end

return function()
  clear(IDENTITY)
  -- KONG_TRUSTED_IPS names the load balancers whose word counts.
  if not kong.ip.is_trusted(kong.client.get_ip()) then
    clear(PLACE)
  end
  -- What is no id gets a new one from the plugin correlation-id.
  local id = kong.request.get_header("X-Request-Id")
  if id and (#id > 64 or not string.find(id, "^%w[%w._-]*$")) then
    clear(REQUEST_ID)
  end
  -- From GATEWAY_PROOF of Kong's environment. Without it the API takes us for a stranger.
  local proof = kong.vault.get("{vault://env/gateway-proof}")
  if proof then
    kong.service.request.set_header("X-Gateway-Proof", proof)
  end
end

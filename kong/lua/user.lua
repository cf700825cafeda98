-- Whose request is counted: the user of the token that the plugin jwt is about to verify. A token
-- that is not ours ends there, so what is read here counts only if it is true.

local COOKIE = "$cookie"

local function from_header()
  -- As the plugin reads it; it refuses a second, other token.
  local header = kong.request.get_header("Authorization")
  local found = header and ngx.re.match(header, [[\s*[Bb]earer\s+(.+)]])
  return found and found[1]
end

local function from_cookie()
  local header = kong.request.get_header("Cookie")
  for name, value in string.gmatch(header or "", "([^=;%s]+)=([^;]*)") do
    if string.lower(name) == string.lower(COOKIE) then
      return value
    end
  end
end

return function()
  local token = from_header() or from_cookie()
  local part = token and string.match(token, "^[%w_-]+%.([%w_-]+)%.[%w_-]+$")
  if not part then
    return
  end
  part = string.gsub(string.gsub(part, "-", "+"), "_", "/")
  local claims = ngx.decode_base64(part .. string.rep("=", -#part % 4))
  -- Only what we have signed gets past jwt, so a pattern will do: Kong's sandbox has no parser. Quotes
  -- within a string have a backslash before them, and do not fit.
  local user = claims and string.match(claims, '[{,]%s*"sub"%s*:%s*"([%x-]+)"')
  if user and #user == 36 then
    kong.service.request.set_header("X-User-Id", string.lower(user))
  end
end

-- What the gateway itself refuses is a problem (RFC 9457), as are the API's refusals: its headers.

local AGAIN = { [502] = 5, [503] = 5, [504] = 5 }

return function()
  local status = kong.response.get_status()
  if status < 400 or kong.response.get_source() == "service" then
    return
  end
  kong.response.set_header("Content-Type", "application/problem+json")
  kong.response.set_header("Cache-Control", "no-store")
  kong.response.clear_header("Content-Length")
  local seconds = AGAIN[status]
  if status == 429 then
    seconds = 60 - ngx.time() % 60  -- limits are those of a minute of the clock
  end
  if seconds then
    kong.response.set_header("Retry-After", seconds)
  end
end

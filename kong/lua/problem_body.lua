-- What the gateway itself refuses is a problem (RFC 9457), as are the API's refusals: its body.

local PROBLEMS = {
  [400] = { "Bad Request", "bad_request", "the request cannot be read" },
  [401] = { "Unauthorized", "unauthorized", "a valid access token is needed" },
  [403] = { "Forbidden", "forbidden", "the access token is not taken here" },
  [413] = { "Request Entity Too Large", "too_large", "the body is too large" },
  [417] = { "Expectation Failed", "too_large", "the body is too large" },
  [429] = { "Too Many Requests", "rate_limited", "too many requests in this minute" },
  [502] = { "Bad Gateway", "unavailable", "the service did not answer" },
  [503] = { "Service Unavailable", "unavailable", "the service cannot be reached" },
  [504] = { "Gateway Timeout", "unavailable", "the service did not answer in time" },
}
local OTHER = { "Internal Server Error", "internal", "something went wrong on our side" }
local FORM = '{"type":"urn:brand-automator:problem:%s","title":"%s","status":%d,"code":"%s",'
  .. '"detail":"%s","request_id":"%s"}'

return function()
  local status = kong.response.get_status()
  if status < 400 or kong.response.get_source() == "service" then
    return
  end
  if not kong.response.get_raw_body() then
    return  -- until its last part has come
  end
  local problem = PROBLEMS[status] or OTHER
  local id = string.gsub(kong.request.get_header("X-Request-Id") or "", "[^%w._-]", "")
  local title, code, detail = problem[1], problem[2], problem[3]
  kong.response.set_raw_body(string.format(FORM, code, title, status, code, detail, id))
end

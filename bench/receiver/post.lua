-- What wrk sends: a POST with a body of as many bytes as it is told after "--".
function init(args)
  wrk.method = "POST"
  wrk.body = string.rep("x", tonumber(args[1]))
  wrk.headers["Content-Type"] = "application/json"
end

-- What wrk sends to measure the mock receivers: a POST with a kilobyte, as a webhook has.
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = string.rep("x", 1024)

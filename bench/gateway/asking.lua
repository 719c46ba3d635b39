-- Asks for the paths of a file in turn, and tells what came of it in one line.
local paths, turn = {}, 0

init = function(args)
  for path in io.lines(args[1]) do paths[#paths + 1] = path end
end

request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end

done = function(summary, latency, _)
  local failed = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d %d\n",
    latency:percentile(50), latency:percentile(95), summary.requests, summary.bytes,
    summary.duration, failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end

# Waits a little, and says which worker did so. Threads of puma's pool serve kept-alive connections in turn.
PAUSE_SECONDS = 0.002

run(lambda do |env|
  sleep PAUSE_SECONDS
  [200, { 'Content-Type' => 'text/plain', 'X-Worker' => Process.pid.to_s }, ["ok\n"]]
end)

# Figures from another service, one request at a time, without a timeout.
require 'json'
require 'socket'

UPSTREAM = ['127.0.0.1', 18081].freeze
LOCK = Mutex.new

# With shown: false it waits as idle threads of the pool do.
def say(kind, target, shown)
  line = { pid: Process.pid, tid: Thread.current.native_thread_id, since: Time.now.to_f, kind: kind, target: target, shown: shown }
  File.open("#{ENV['HOME']}/said", 'a') { |file| file.write("#{JSON.generate(line)}\n") }
end

def figures
  # The first one gets the lock; it does not wait for it.
  unless LOCK.try_lock
    say('lock', 'Mutex', false)
    LOCK.lock
  end
  upstream = TCPSocket.new(*UPSTREAM)
  upstream.write("GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
  say('upstream', UPSTREAM.join(':'), true)
  upstream.gets
ensure
  LOCK.unlock
end

run(lambda do |env|
  # Long enough for the pool to start all of its threads.
  env['PATH_INFO'] == '/figures' ? figures : sleep(0.1)
  [200, { 'Content-Type' => 'text/plain', 'Content-Length' => '3' }, ["ok\n"]]
end)

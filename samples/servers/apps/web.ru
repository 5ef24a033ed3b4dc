# The same small application for every server of Ruby.
require 'socket'

run(lambda do |env|
  case env['PATH_INFO']
  when '/up'
    upstream = TCPSocket.new('127.0.0.1', 18081)
    upstream.write("GET /wait/1500 HTTP/1.0\r\n\r\n")
    upstream.read
    upstream.close
  when '/sleep' then sleep 1
  when '/upload' then env['rack.input'].read
  end
  [200, { 'Content-Type' => 'text/plain', 'Content-Length' => '6' }, ["hello\n"]]
end)

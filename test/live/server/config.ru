# Figures from another service, without a timeout; the query is its port.
require 'socket'

run(lambda do |env|
  if env['PATH_INFO'] == '/upstream'
    upstream = TCPSocket.new('127.0.0.1', env['QUERY_STRING'].to_i)
    upstream.write("GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
    upstream.gets
  end
  [200, { 'Content-Type' => 'text/plain', 'Content-Length' => '3' }, ["ok\n"]]
end)

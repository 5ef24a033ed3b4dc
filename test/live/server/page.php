<?php
// Figures from another service, without a timeout of its own; the query is its port.
$upstream = stream_socket_client("tcp://127.0.0.1:{$_SERVER['QUERY_STRING']}");
fwrite($upstream, "GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n");
fgets($upstream);
echo "ok\n";
